"""Outages as staff see them: each outside system with one button, and on the manager's page the month with what it cost.

`panel_view` and `month_view` are pure: what the services answer becomes words. Nobody is named, only in which part of the house the
button was pressed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import render_template

from queue_server.services import outage_figures, outages
from queue_server.services.queries import house
from queue_server.web.pages import words
from queue_server.web.pages.visit import Answer, Visit

PROGRAM, BY_DAY = "một chương trình", "tự kết thúc khi hết ngày"


def panel(visit: Visit) -> Answer:
    """The systems and their buttons alone, for a page that asks for them by itself."""
    return render_template("outage_panel.html", systems=panel_of(visit))


def panel_of(visit: Visit) -> list[dict[str, Any]]:
    """The systems of a site with what is out now."""
    with visit.reader() as reader:
        _, config = house(reader, visit.site)
        found = outages.listed(reader, visit.site, config, from_ms=visit.now_ms, to_ms=visit.now_ms, now=visit.now_ms)
        roles = _roles(reader.people() if any(each["running"] for each in found["systems"]) else ())
    return panel_view(found["systems"], roles)


def month(visit: Visit) -> dict[str, Any]:
    """The manager's part: the buttons, this month's outages newest first, and what each system cost."""
    with visit.reader() as reader:
        _, config = house(reader, visit.site)
        this = outages.month_now(visit.now_ms)
        from_ms, to_ms = outages.month_of(this, config.utc_offset_min)
        found = outages.listed(reader, visit.site, config, from_ms=from_ms, to_ms=to_ms, now=visit.now_ms)
        cost = outage_figures.month(reader, visit.site, this, now=visit.now_ms)
        roles = _roles(reader.people())
    return {"systems": panel_view(found["systems"], roles), **month_view(found["outages"], cost, roles)}


def panel_view(systems: Iterable[Mapping[str, Any]], roles: Mapping[str, str]) -> list[dict[str, Any]]:
    """One row per system; those that are out first."""
    rows = [
        {
            "code": each["code"],
            "name": each["name"],
            "out": each["running"] is not None,
            "id": each["running"]["id"] if each["running"] else "",
            "since": words.hhmm(each["running"]["started_at"]) if each["running"] else "",
            "by": _by(each["running"]["started_by"], roles) if each["running"] else "",
        }
        for each in systems
    ]
    return sorted(rows, key=lambda row: not row["out"])


def month_view(listed: Iterable[Mapping[str, Any]], cost: Mapping[str, Any], roles: Mapping[str, str]) -> dict[str, Any]:
    """The month's outages and its totals, as rows of two tables."""
    costs = {each["id"]: each for each in cost["outages"]}
    return {
        "month": cost["month"],
        "month_words": f"{cost['month'][5:]}/{cost['month'][:4]}",
        "totals": [
            {
                "name": each["name"], "n": each["n"], "out": words.minutes(each["out_open_s"]), "visits": each["visits"],
                "mean": words.minutes(each["wait"]["mean_s"]), "elsewhere": words.minutes(each["elsewhere"]["mean_s"]),
            }
            for each in cost["systems"]
        ],
        "rows": [_row(each, costs.get(each["id"]), roles) for each in listed],
    }  # fmt: skip


def _row(each: Mapping[str, Any], cost: Mapping[str, Any] | None, roles: Mapping[str, str]) -> dict[str, Any]:
    began, ended = str(each["started_at"]), each["ended_at"]
    return {
        "id": each["id"],
        "name": each["name"],
        "day": f"{began[8:10]}/{began[5:7]}",
        "from": began[11:16],
        "to": _until(began, ended) if ended else "đang gián đoạn",
        "out": words.minutes(each["lasted_s"]),
        "visits": cost["visits"] if cost else 0,
        "by": _by(each["started_by"], roles),
        "ended": BY_DAY if each["ended_how"] == "day_close" else "",
        "corrected": each["corrected_at"] is not None,
        "note": each["note"] or "",
        "from_value": began[:16],
        "to_value": str(ended)[:16] if ended else "",
    }


def _until(began: str, ended: str) -> str:
    """A clock time; with its date where it is another day's."""
    return ended[11:16] if ended[:10] == began[:10] else f"{ended[11:16]} {ended[8:10]}/{ended[5:7]}"


def _roles(people: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {f"person:{each['id']}": words.ROLES.get(each["role"], "cán bộ").lower() for each in people}


def _by(actor: str, roles: Mapping[str, str]) -> str:
    return roles.get(actor) or ("cán bộ" if actor.startswith("person:") else PROGRAM)
