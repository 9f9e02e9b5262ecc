"""The demonstration's configuration: the ward's template with services named from real procedures.

Pure. Which procedures and why is in data/SOURCES.md; the template is the server's own.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

ZONE = "1"


COLLECT = "nhan-ket-qua"  # where a finished dossier's result is handed over
BOOKABLE = {"slot_min": 30, "slot_seats": 2, "remote": True}  # what the page of appointments has to show


def services(name: str) -> list[dict[str, Any]]:
    """The services of one of our lists (`ward-services`, `seal-services`)."""
    found: list[dict[str, Any]] = json.loads(files(__package__).joinpath("data", f"{name}.json").read_text("utf-8"))["services"]
    return found


def list_for(wanted: Iterable[str]) -> list[dict[str, Any]]:
    """The list of services that has all of these, or KeyError naming the first that no list has."""
    codes = set(wanted)
    for name in ("ward-services", "seal-services"):
        found = services(name)
        missing = codes - {service["code"] for service in found}
        if not missing:
            return found
    raise KeyError(min(missing))


def document(template: Mapping[str, Any], listed: Iterable[Mapping[str, Any]], public_url: str) -> dict[str, Any]:
    """A configuration document: the template's counters, classes and policy with these services."""
    made = copy.deepcopy(dict(template))
    made["services"] = [
        {
            "code": service["code"],
            "name": service["names"]["vi"],
            "names": {"en": service["names"]["en"]},
            "series": service["series"],
            "zone": ZONE,
            "prior_gap_s": 60 * service["minutes"] // 3,
            "procedures": [procedure["code"] for procedure in service["procedures"]],
            **({"on_kiosk": False} if service["code"] == "huong-dan" else BOOKABLE),
        }
        for service in listed
    ]
    codes = [service["code"] for service in made["services"]]
    steps = made.get("dossier_steps", {})
    made["dossier_steps"] = {state: step for state, step in steps.items() if step.get("service") in (None, *codes)}
    made["help_service"] = "huong-dan" if "huong-dan" in codes else None
    made["dossier_steps"] = {"9": {"service": COLLECT, "counter": made["counters"][0]["code"]}} if COLLECT in codes else {}
    made["public_url"] = public_url
    return made
