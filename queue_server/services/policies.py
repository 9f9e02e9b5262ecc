"""Changing settings one by one: each change names a setting by the codes a person knows and its new value, and all of them become
one new version of the configuration, or none.

`/policy/NAME`, `/services/CODE/NAME`, `/priority_classes/CODE/NAME` and `/calendars/NAME` can be changed so. A fault is told of the
change that it came from. What the settings mean, in words for managers, is the page's.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from queue_server.domain.config import Policy, parse
from queue_server.domain.errors import Refusal, invalid
from queue_server.services import configuring
from queue_server.services.unit import Unit

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

OF_POLICY = frozenset(f.name for f in fields(Policy)) - {"standby", "standby_after_s"}  # who takes over is a technician's decision
OF_TABLE = {
    "services": frozenset({
        "open", "on_kiosk", "calendar", "prior_gap_s", "quota_day", "quota_half_day", "issue_before_s", "absent", "until", "slot_min",
        "slot_seats", "slot_days_ahead", "remote",
    }),
    "priority_classes": frozenset({"credit_s", "from_age", "cap_share"}),
}  # fmt: skip
Document = dict[str, Any]
Change = dict[str, Any]


def shown(reader: Reader, site: str) -> dict[str, Any]:
    """The configuration in force with its version, and what the policy is where the document says nothing."""
    row = reader.site(site)
    if row is None:
        raise Refusal("not_found", what="site")
    return {"version": row["config_version"], "document": reader.config(site, row["config_version"]), "defaults": asdict(Policy())}


def preview(reader: Reader, site: str, *, version: int, changes: Sequence[Change]) -> dict[str, Any]:
    """What the changes would do: each setting with its value before and after. Refused as the change itself would be."""
    now = shown(reader, site)
    _check_version(now["version"], version)
    return {"version": now["version"], "changes": list(_applied(copy.deepcopy(now["document"]), changes))}


def change(unit: Unit, *, version: int, changes: Sequence[Change]) -> dict[str, Any]:
    """Put the changes into force as one version."""
    now = shown(unit.repository, unit.site)
    _check_version(now["version"], version)
    document = copy.deepcopy(now["document"])
    done = list(_applied(document, changes))
    return configuring.apply(unit, document=document) | {"changes": done}


def _check_version(now: int, told: int) -> None:
    if now != told:
        raise Refusal("config_changed", version=now)


def _applied(document: Document, changes: Sequence[Change]) -> Iterator[Change]:
    """The changes made in the document, told as what they replace; refused where the whole no longer holds."""
    done, places = [], []
    for n, each in enumerate(changes):
        row, name, place = _place(document, each["pointer"], n)
        before = row.get(name, getattr(Policy(), name, None) if place.startswith("/policy/") else None)
        row[name] = each["value"]
        done.append({"pointer": each["pointer"], "from": before, "to": each["value"]})
        places.append(place)
    try:
        parse(document)
    except Refusal as refused:
        raise Refusal("invalid", errors=[_at_its_change(dict(fault), places) for fault in refused.detail["errors"]]) from None
    yield from done


def _place(document: Document, pointer: str, n: int) -> tuple[Document, str, str]:
    """The row that a pointer leads to, the name of the setting in it, and its place in the document."""
    parts = pointer.removeprefix("/").split("/")
    if len(parts) == 2 and parts[0] == "policy" and parts[1] in OF_POLICY:
        return document.setdefault("policy", {}), parts[1], pointer
    if len(parts) == 2 and parts[0] == "calendars" and parts[1]:
        return document.setdefault("calendars", {}), parts[1], pointer
    if len(parts) == 3 and parts[2] in OF_TABLE.get(parts[0], ()):
        for at, row in enumerate(document.get(parts[0], [])):
            if row["code"] == parts[1]:
                return row, parts[2], f"/{parts[0]}/{at}/{parts[2]}"
    raise invalid(f"/changes/{n}/pointer", "unknown_field", "not a setting that can be changed here")


def _at_its_change(fault: dict[str, Any], places: list[str]) -> dict[str, Any]:
    for n, place in enumerate(places):
        if fault["pointer"] == place or fault["pointer"].startswith(f"{place}/"):
            return fault | {"pointer": f"/changes/{n}/value{fault['pointer'].removeprefix(place)}"}
    return fault
