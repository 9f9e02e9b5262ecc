"""Bàn hướng dẫn: the page of the people who guide the hall, its live parts, one ticket as a card, and the paper book."""

from __future__ import annotations

import re
from typing import Any

from flask import render_template, request

from queue_server.contract import times
from queue_server.domain import numbering
from queue_server.domain.errors import Refusal
from queue_server.services import hall_queries, queries
from queue_server.web.pages import hall_view, outages, words
from queue_server.web.pages.booking import qr
from queue_server.web.pages.visit import Answer, Visit, show

TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
AGO_MIN = (0, 15, 30, 60, 120)


def page(visit: Visit) -> Answer:
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        services = queries.services(reader, visit.site, now=visit.now_ms)["services"]
    return show(
        "attendant.html",
        visit,
        site_name=config.name,
        services=services,
        ago=[(words.hhmm(visit.now_ms - minutes * 60_000), f"{minutes} phút trước" if minutes else "Vừa xong") for minutes in AGO_MIN],
        **_choices(config),
        **_live(visit),
    )


def live(visit: Visit) -> Answer:
    """What changes by itself: calls, the queue, the machines. Asked for after events and now and then."""
    return render_template("attendant_live.html", swap=True, **_live(visit))


def ticket(visit: Visit) -> Answer:
    """One ticket as a card with everything that may be done about it."""
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        found = queries.ticket(reader, visit.site, visit.args["ticket"], now=visit.now_ms)
        prints = hall_queries.prints_of(reader, visit.site, found["id"], now=visit.now_ms)
        lights = hall_queries.hall(reader, visit.site, now=visit.now_ms)["lights"]
        services = queries.services(reader, visit.site, now=visit.now_ms)["services"]
    card = hall_view.card(found, prints, config, visit.now_ms)
    url = found["url"] or ""
    if url.startswith("/"):
        url = ""  # the site has no address that a telephone could open
    return render_template(
        "attendant_ticket.html",
        t=card,
        qr=qr(url) if url and card["live"] else "",
        kiosks=hall_view.kiosks(lights),
        services=[each for each in services if each["code"] != found["service"]],
        counters=[(code, spec.name) for code, spec in config.counters.items()],
        **_choices(config),
    )


def find(visit: Visit) -> Answer:
    """Numbers of today, by label or by service and about when."""
    label, service, about = (request.args.get(name, "").strip() for name in ("label", "service", "about"))
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        found: list[dict[str, Any]] = []
        wrong = ""
        try:
            if label:
                found = queries.tickets_by(reader, visit.site, label=label.upper(), now=visit.now_ms)["tickets"]
            elif service and TIME.fullmatch(about):
                found = hall_queries.near(reader, visit.site, service=service, about=about, now=visit.now_ms)["tickets"]
            elif about and not TIME.fullmatch(about):
                wrong = "Giờ viết như 08:15."
        except Refusal:
            wrong = "Không có việc này."
    rows = [hall_view.found_row(each, config) for each in found]
    return render_template("attendant_found.html", rows=rows, wrong=wrong, asked=bool(label or service))


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


def _choices(config: Any) -> dict[str, Any]:
    return {
        "classes": [(code, kind.name) for code, kind in config.priority_classes.items()],
        "languages": [(code, words.LANGUAGES.get(code, code)) for code in config.languages],
        "needs": words.NEEDS.items(),
    }


def _live(visit: Visit) -> dict[str, Any]:
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        tickets = queries.queue(reader, visit.site, now=visit.now_ms)["tickets"]
        found = hall_queries.hall(reader, visit.site, now=visit.now_ms)
    return {
        "calls": [hall_view.call(each) for each in found["calls"]],
        "queue": hall_view.queue(tickets, config),
        "machines": hall_view.machines(found["lights"]),
        "kiosks": hall_view.kiosks(found["lights"]),
        "rush": {"on": found["rush"]["on"], "since": words.hhmm(found["rush"]["since"])},
        "systems": outages.panel_of(visit),
        "at": words.hhmm(visit.now_ms),
    }
