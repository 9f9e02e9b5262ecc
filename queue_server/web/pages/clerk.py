"""The clerk's pages: the list of counters, the console of one counter, and its waiting list as a fragment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template

from queue_server.domain.errors import Refusal
from queue_server.services import queries
from queue_server.web.pages import words
from queue_server.web.pages.visit import Answer, Visit, show

ROWS = 50
LATE_S = 45 * 60
GUARD_S, CONFIRM_S, RECALLS = 5, 20, 3


def choose(visit: Visit) -> Answer:
    """The counters of the site: whose they are and what they serve."""
    with visit.reader() as reader:
        home = queries.kiosk_home(reader, visit.site, now=visit.now_ms)
        rows = queries.counters(reader, visit.site, now=visit.now_ms)["counters"]
    names = service_names(home)
    return show("counters.html", visit, site_name=home["site"]["name"], counters=[_card(row, names, visit) for row in rows])


def _card(row: Mapping[str, Any], names: Mapping[str, str], visit: Visit) -> dict[str, Any]:
    served = row["services"]
    serves = "Tất cả các việc" if len(served) == len(names) else ", ".join(names.get(code, code) for code in served[:3])
    return {
        "code": row["code"],
        "name": row.get("name") or f"Quầy {row['code']}",
        "state": row["state"],
        "mine": row["state"] != "closed" and row.get("clerk_id") == visit.who.id,
        "clerk": row.get("clerk"),
        "serves": serves + (f" và {len(served) - 3} việc khác" if 3 < len(served) < len(names) else ""),
    }


def console(visit: Visit) -> Answer:
    """The console of one counter. The scripts fill it; what they need to know stands in data attributes."""
    code = visit.args["counter"]
    with visit.reader() as reader:
        home = queries.kiosk_home(reader, visit.site, now=visit.now_ms)
        rows = queries.counters(reader, visit.site, now=visit.now_ms)["counters"]
    own = next((row for row in rows if row["code"] == code), None)
    if own is None:
        raise Refusal("not_found")
    settings = home.get("settings", {})
    classes = {row["code"]: row["names"].get("vi") or row["code"] for row in home.get("priority_classes", [])}
    others = [{"code": row["code"], "name": row.get("name") or f"Quầy {row['code']}"} for row in rows if row["code"] != code]
    return show(
        "counter.html",
        visit,
        site_name=home["site"]["name"],
        code=code,
        counter_name=own.get("name") or f"Quầy {code}",
        names={"services": service_names(home), "classes": classes},
        services=[{"code": key, "name": name} for key, name in service_names(home).items()],
        others=others,
        guard_s=settings.get("guard_s", GUARD_S),
        confirm_s=settings.get("confirm_s", CONFIRM_S),
        recalls=settings.get("recalls_before_no_show", RECALLS),
        **waiting_view(visit, code, home),
    )


def waiting(visit: Visit) -> Answer:
    """The waiting list alone."""
    with visit.reader() as reader:
        home = queries.kiosk_home(reader, visit.site, now=visit.now_ms)
    return render_template("counter_waiting.html", **waiting_view(visit, visit.args["counter"], home))


def waiting_view(visit: Visit, code: str, home: Mapping[str, Any]) -> dict[str, Any]:
    """Those whom this counter may call, in calling order, each with the reason for its place."""
    with visit.reader() as reader:
        serves = set(queries.counter(reader, visit.site, code, now=visit.now_ms)["services"])
        tickets = queries.queue(reader, visit.site, now=visit.now_ms)["tickets"]
    mine = [ticket for ticket in tickets if _for_counter(ticket, code, serves)]
    names = service_names(home)
    return {"total": len(mine), "rows": [_row(ticket, names, code, visit.now_ms) for ticket in mine[:ROWS]]}


def _for_counter(ticket: Mapping[str, Any], code: str, serves: set[str]) -> bool:
    wanted = (ticket.get("reason") or {}).get("for_counter")
    return bool(wanted == code) if wanted else ticket["service"] in serves


def _row(ticket: Mapping[str, Any], names: Mapping[str, str], code: str, now_ms: int) -> dict[str, Any]:
    waited_s = words.since_s(ticket.get("available_from"), now_ms)
    marks = ["Ưu tiên"] if ticket.get("priority_class") else []
    marks += [words.NEEDS.get(need, need) for need in ticket.get("needs", ())]
    return {
        "label": ticket["label"],
        "service": names.get(ticket["service"], ticket["service"]),
        "marks": marks,
        "waited": words.minutes(waited_s),
        "late": waited_s >= LATE_S,
        "why": words.place_reason(ticket.get("reason"), code),
    }


def service_names(home: Mapping[str, Any]) -> dict[str, str]:
    """Service code to its Vietnamese name."""
    return {row["code"]: row["name"] for row in home["services"]}
