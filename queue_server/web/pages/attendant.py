"""The attendant's desk: issue a number for a person who cannot use the kiosk, and see who waits."""

from __future__ import annotations

from typing import Any

from flask import render_template

from queue_server.contract import times
from queue_server.domain import numbering
from queue_server.services import queries
from queue_server.web.pages import words
from queue_server.web.pages.clerk import list_view
from queue_server.web.pages.visit import Answer, Visit, show


def page(visit: Visit) -> Answer:
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        services = queries.services(reader, visit.site, now=visit.now_ms)["services"]
    return show(
        "attendant.html",
        visit,
        site_name=config.name,
        services=services,
        classes=[(code, kind.name) for code, kind in config.priority_classes.items()],
        languages=[(code, words.LANGUAGES.get(code, code)) for code in config.languages],
        needs=words.NEEDS.items(),
        **_waiting(visit),
    )


def paper(visit: Visit) -> Answer:
    """Slips of the paper book, entered after the day on which nothing ran."""
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
    days = [times.encode(visit.now_ms - ago * 86_400_000) for ago in range(7)]
    return show(
        "paper.html",
        visit,
        site_name=config.name,
        services=config.services.values(),
        counters=[(code, spec.name) for code, spec in config.counters.items()],
        days=[(day[:10], f"{day[8:10]}/{day[5:7]}" + (" (hôm nay)" if n == 0 else "")) for n, day in enumerate(days)],
        now=days[0][11:16],
        first=f"{next(iter(config.services.values())).series}{numbering.PAPER_FIRST}",
    )


def waiting(visit: Visit) -> Answer:
    """Everyone who waits at the site, in calling order, as a fragment."""
    return render_template("counter_waiting.html", **_waiting(visit))


def _waiting(visit: Visit) -> dict[str, Any]:
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        tickets = queries.queue(reader, visit.site, now=visit.now_ms)["tickets"]
    unsure = [ticket for ticket in tickets if ticket.get("doubt")]
    return list_view(tickets, config) | {"heading": "Đang chờ ở trung tâm", "unsure": list_view(unsure, config)["rows"]}
