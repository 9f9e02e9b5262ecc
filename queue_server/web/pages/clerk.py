"""The clerk's pages: the list of counters, the console of one counter, and its waiting list as a fragment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from flask import render_template

from queue_server.domain.errors import Refusal
from queue_server.services import queries
from queue_server.web.pages import words
from queue_server.web.pages.visit import Answer, Visit, show

ROWS = 50
OUTCOMES = (
    ("done", "Xong việc"),
    ("incomplete", "Thiếu giấy tờ, hẹn lại"),
    ("referred", "Hướng dẫn sang nơi khác"),
    ("left", "Người dân bỏ về"),
    ("refused_service", "Từ chối tiếp nhận"),
    ("not_needed", "Không cần làm nữa"),
)
PAUSES = ("Nghỉ giữa giờ", "Họp", "Máy hỏng", "Việc riêng")
DOSSIER = r"\s*[0-9A-Za-z]{1,5}(\.[0-9A-Za-z]{1,5})*-([0-9]{6}|[0-9]{8})-[0-9]{4,7}\s*"
DOSSIER_WORDS = "Ví dụ 000.00.53.H48-220921-0001 hoặc G09.20-20260609-0000001"


def choose(visit: Visit) -> Answer:
    """The counters of the site: whose they are and what they serve."""
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        rows = queries.counters(reader, visit.site, now=visit.now_ms)["counters"]
    names = service_names(config)
    cards = [_card(row, names, visit) for row in rows]
    cards.sort(key=lambda card: not card["mine"])
    return show("counters.html", visit, site_name=config.name, counters=cards)


def _card(row: Mapping[str, Any], names: Mapping[str, str], visit: Visit) -> dict[str, Any]:
    served = row["services"]
    serves = "Mọi việc" if len(served) == len(names) else ", ".join(names.get(code, code) for code in served[:3])
    return {
        "code": row["code"],
        "name": row["name"],
        "state": row["state"],
        "mine": row["clerk"] == visit.who.actor,
        "serves": serves + (f" và {len(served) - 3} việc khác" if 3 < len(served) < len(names) else ""),
    }


def console(visit: Visit) -> Answer:
    """The console of one counter. The scripts fill it; what they need to know stands in data attributes."""
    code = visit.args["counter"]
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
    if code not in config.counters:
        raise Refusal("not_found", what="counter")
    policy, names = config.policy, service_names(config)
    return show(
        "counter.html",
        visit,
        site_name=config.name,
        code=code,
        counter_name=config.counters[code].name,
        names={
            "services": names,
            "classes": {key: kind.name for key, kind in config.priority_classes.items()},
            "procedures": {key: service.procedures for key, service in config.services.items() if service.procedures},
        },
        pause_reasons=PAUSES,
        guard_s=policy.guard_s,
        confirm_s=policy.confirm_s,
        recalls=policy.recalls_before_no_show,
    )


def dialogs(visit: Visit) -> Answer:
    """The dialogs of one counter. They come after the page, so that the desk is on the screen first."""
    code = visit.args["counter"]
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        others = [row["code"] for row in reader.sites() if row["code"] != visit.site]
        sites = [(other, queries.house(reader, other)[1].name) for other in others]
    if code not in config.counters:
        raise Refusal("not_found", what="counter")
    return render_template(
        "counter_dialogs.html",
        look_up=visit.house.dossiers is not None,
        site_query=f"?site={quote(visit.site)}" if len(visit.who.sites) > 1 else "",
        services=service_names(config).items(),
        others=[(key, spec.name) for key, spec in config.counters.items() if key != code],
        sites=sites,
        outcomes=OUTCOMES,
        dossier=DOSSIER,
        dossier_words=DOSSIER_WORDS,
        undo_minutes=config.policy.undo_no_show_s // 60,
        readmit_minutes=config.policy.readmit_s // 60,
    )


def waiting(visit: Visit) -> Answer:
    """The waiting list alone."""
    return render_template("counter_waiting.html", **waiting_view(visit, visit.args["counter"]))


def waiting_view(visit: Visit, code: str) -> dict[str, Any]:
    """Those whom this counter may call, in calling order, each with the reason for its place."""
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        serves = set(queries.counter(reader, visit.site, code, now=visit.now_ms)["services"])
        tickets = queries.queue(reader, visit.site, now=visit.now_ms)["tickets"]
    mine = [ticket for ticket in tickets if _for_counter(ticket, code, serves)]
    return list_view(mine, config, code)


def _for_counter(ticket: Mapping[str, Any], code: str, serves: set[str]) -> bool:
    wanted = ticket["reason"]["for_counter"]
    return bool(wanted == code) if wanted else ticket["service"] in serves


def list_view(tickets: Iterable[Mapping[str, Any]], config: Any, code: str | None = None) -> dict[str, Any]:
    """A waiting list as the fragment shows it: at most fifty rows, and how many there are."""
    everyone, names = list(tickets), service_names(config)
    rows = [_row(ticket, names, code, config.policy.long_wait_alarm_s) for ticket in everyone[:ROWS]]
    return {"total": len(everyone), "rows": rows}


def _row(ticket: Mapping[str, Any], names: Mapping[str, str], code: str | None, late_s: int) -> dict[str, Any]:
    marks = ["Ưu tiên"] if ticket["priority_class"] else []
    marks += ["Phiếu chưa chắc đã in"] if ticket.get("doubt") else []
    marks += [words.NEEDS.get(need, need) for need in ticket["needs"]]
    return {
        "id": ticket["id"],
        "label": ticket["label"],
        "issued": words.hhmm(ticket["issued_at"]),
        "service": names.get(ticket["service"], ticket["service"]),
        "marks": marks,
        "waited": words.minutes(ticket["waited_s"]),
        "late": ticket["waited_s"] >= late_s,
        "why": words.place_reason(ticket["reason"], code),
    }


def service_names(config: Any) -> dict[str, str]:
    """Service code to its Vietnamese name."""
    return {code: service.name for code, service in config.services.items()}
