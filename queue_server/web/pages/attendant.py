"""The attendant's desk: issue a number for a person who cannot use the kiosk, and see who waits."""

from __future__ import annotations

from typing import Any

from flask import render_template

from queue_server.services import queries
from queue_server.web.pages import words
from queue_server.web.pages.clerk import LATE_S, ROWS, service_names
from queue_server.web.pages.visit import Answer, Visit, show


def page(visit: Visit) -> Answer:
    with visit.reader() as reader:
        home = queries.kiosk_home(reader, visit.site, now=visit.now_ms)
    classes = [{"code": row["code"], "name": row["names"].get("vi") or row["code"]} for row in home.get("priority_classes", [])]
    return show(
        "attendant.html",
        visit,
        site_name=home["site"]["name"],
        services=home["services"],
        classes=classes,
        languages=[(code, words.LANGUAGES.get(code, code)) for code in home.get("languages", ["vi"])],
        needs=list(words.NEEDS.items()),
        **_waiting(visit, service_names(home)),
    )


def waiting(visit: Visit) -> Answer:
    """Everyone who waits at the site, in calling order, as a fragment."""
    with visit.reader() as reader:
        home = queries.kiosk_home(reader, visit.site, now=visit.now_ms)
    return render_template("counter_waiting.html", **_waiting(visit, service_names(home)))


def _waiting(visit: Visit, names: dict[str, str]) -> dict[str, Any]:
    with visit.reader() as reader:
        tickets = queries.queue(reader, visit.site, now=visit.now_ms)["tickets"]
    rows = []
    for ticket in tickets[:ROWS]:
        waited_s = words.since_s(ticket.get("available_from"), visit.now_ms)
        marks = (["Ưu tiên"] if ticket.get("priority_class") else []) + [words.NEEDS.get(need, need) for need in ticket.get("needs", ())]
        service = names.get(ticket["service"], ticket["service"])
        why = words.place_reason(ticket.get("reason"))
        rows.append(
            {
                "label": ticket["label"],
                "service": service,
                "marks": marks,
                "waited": words.minutes(waited_s),
                "late": waited_s >= LATE_S,
                "why": why,
            }
        )
    return {"total": len(tickets), "rows": rows, "heading": "Đang chờ"}
