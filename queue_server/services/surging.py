"""Surge: a service made in a minute for as long as a rush lasts, without a restart, and ended by a button or at its time.

A temporary service is a new version of the configuration like any other; counters that stand open and are named serve it
at once. Whoever still waits for it when it ends is served; only no new number is given. It stays in the configuration, closed,
so that reports keep its name, and can be opened again under its code.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from queue_server.domain.errors import Refusal, invalid
from queue_server.services import configuring
from queue_server.services.unit import Unit
from queue_server.services.views import moment

# How one kind of visit is parted in three, each with its own pace: bringing papers, fetching a result, asking.
PARTS = (
    ("nop", {"vi": "Nộp", "en": "Submit"}, 100),
    ("tra", {"vi": "Trả kết quả", "en": "Collect result"}, 40),
    ("hd", {"vi": "Hướng dẫn", "en": "Guidance"}, 60),
)
Document = dict[str, Any]


def begin(
    unit: Unit, *, code: str, name: str, series: str, counters: Sequence[str], until: int | None = None, split: bool = False,
    name_en: str | None = None, prior_gap_s: int = 300, quota_day: int | None = None, zone: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Make a temporary service, or with `split` three of them; `counters` serve it from now on."""
    document = _document(unit)
    if until is not None and until <= unit.now_ms:
        raise invalid("/until", "out_of_range", "an instant that is still to come")
    for n, counter in enumerate(counters):
        if counter not in unit.config.counters:
            raise invalid(f"/counters/{n}", "unknown_counter", f"no counter {counter!r} here; see GET /counters")
    whole: Document = {
        "code": code, "name": name, "names": {"en": name_en} if name_en else {}, "series": series, "prior_gap_s": prior_gap_s,
        "quota_day": quota_day, "zone": zone, "temporary": True, "until": moment(until), "open": True, "on_kiosk": True,
    }  # fmt: skip
    made = [_part(whole, *part) for part in PARTS] if split else [whole]
    for row in made:
        _put(document, row)
    codes = [str(row["code"]) for row in made]
    for spec in document["counters"]:
        if spec["code"] in counters and spec.get("services") is not None:
            spec["services"] = [*spec["services"], *(each for each in codes if each not in spec["services"])]
    try:
        applied = configuring.apply(unit, document=document)
    except Refusal as refused:
        raise _at_the_field(refused, document, codes[0]) from None
    for desk in unit.repository.counters(unit.site):
        if desk.state != "closed" and desk.code in counters:
            services = [*desk.services, *(each for each in codes if each not in desk.services)]
            unit.counter_event(desk, "counter.serves", {"services": services})
    return applied | {"services": codes}


def end(unit: Unit, code: str) -> dict[str, Any]:
    """No more numbers of a temporary service; who waits is served."""
    offered = unit.config.services.get(code)
    if offered is None or not offered.temporary:
        raise Refusal("not_found", what="service")
    document = _document(unit)
    for row in document["services"]:
        if row["code"] == code:
            row |= {"open": False, "on_kiosk": False}
    return configuring.apply(unit, document=document) | {"services": [code]}


def _document(unit: Unit) -> Document:
    return copy.deepcopy(unit.repository.config(unit.site, unit.row["config_version"]))


def _part(whole: Document, suffix: str, words: dict[str, str], percent: int) -> Document:
    names = {"en": f"{words['en']}: {whole['names'].get('en') or whole['name']}"}
    gap_s = max(30, whole["prior_gap_s"] * percent // 100)
    return whole | {"code": f"{whole['code']}-{suffix}", "name": f"{words['vi']}: {whole['name']}", "names": names, "prior_gap_s": gap_s}


def _put(document: Document, row: Document) -> None:
    """A new row, or the place of a temporary one of the same code: a lasting service is never taken over."""
    for n, old in enumerate(document["services"]):
        if old["code"] == row["code"]:
            if not old.get("temporary"):
                raise invalid("/code", "taken", f"{row['code']!r} is a service that stays")
            document["services"][n] = row
            return
    document["services"].append(row)


def _at_the_field(refused: Refusal, document: Document, code: str) -> Refusal:
    """A fault of the new row, said of the field of the request that it came from."""
    place = next(n for n, row in enumerate(document["services"]) if row["code"] == code)
    errors = [dict(fault) for fault in refused.detail.get("errors", ())]
    for fault in errors:
        fault["pointer"] = fault["pointer"].removeprefix(f"/services/{place}")
    return Refusal(refused.code, **(refused.detail | {"errors": errors}))
