"""Alerts above a page, and the page of availability."""

from __future__ import annotations

from typing import Any

from queue_server.services import alerting, queries, slo
from queue_server.services.alert_words import headline, minutes, remedy
from queue_server.web.pages import words
from queue_server.web.pages.clerk import service_names
from queue_server.web.pages.visit import Answer, Visit, show

DAYS = 30
NAMES = {"issuing": "Lấy số", "calling": "Gọi số", "boards": "Bảng gọi số"}


def standing(reader: Any, visit: Visit) -> list[dict[str, str]]:
    """Lines for the strip above the technician's and the manager's page."""
    names = service_names(queries.house(reader, visit.site)[1])
    found = alerting.standing(reader, visit.site, now=visit.now_ms)["alerts"]
    return [
        {"tone": "bad" if each["severity"] == "urgent" else "warn", "line": headline(each, names), "remedy": remedy(each),
         "from": words.hhmm(each["since"]), "subject": _subject(each)}
        for each in found
    ]  # fmt: skip


def _subject(alert: dict[str, Any]) -> str:
    """What an alert is about, as other lists on a page name it."""
    return f"service:{alert['subject']}" if alert["rule"] == "queue_wait_over" else str(alert["subject"])


def page(visit: Visit) -> Answer:
    with visit.reader() as reader:
        found = slo.availability(reader, visit.site, days=DAYS, now=visit.now_ms)
        lines = standing(reader, visit)
    days = [
        {"day": f"{row['day'][8:]}/{row['day'][5:7]}", "shares": [_share(row[name], slo.GOALS[name]) for name in NAMES]}
        for row in found["days"]
        if row["calling"]["open_s"]
    ]
    totals = [
        {"name": words_, **_share(found["total"][name], slo.GOALS[name]), "goal": _percent(slo.GOALS[name])}
        for name, words_ in NAMES.items()
    ]
    return show(
        "availability.html",
        visit,
        alerts=lines,
        days=days,
        totals=totals,
        names=list(NAMES.values()),
        kiosks=found["kiosks"],
        boards=found["boards"],
    )


def _share(told: dict[str, Any], goal: float) -> dict[str, str]:
    percent = told["percent"]
    if percent is None:
        return {"text": "–", "tone": "plain", "away": ""}
    tone = "good" if percent >= goal else "warn" if percent >= goal - 1 else "bad"
    return {"text": _percent(percent), "tone": tone, "away": minutes(told["away_s"]) if told["away_s"] else ""}


def _percent(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",") + "%"
