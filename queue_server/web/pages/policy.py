"""The manager's page of settings: one section after another in plain words, each with its unit, its default and its effect; and the
form that makes a temporary service. What is changed goes through `/config/preview` and `/config/change`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from queue_server.contract import times
from queue_server.services import policies, queries
from queue_server.web.pages import policy_words
from queue_server.web.pages.visit import Answer, Visit, show

DAYS = {"1": "Thứ Hai", "2": "Thứ Ba", "3": "Thứ Tư", "4": "Thứ Năm", "5": "Thứ Sáu", "6": "Thứ Bảy", "7": "Chủ nhật"}


def page(visit: Visit) -> Answer:
    """All settings as they stand."""
    with visit.reader() as reader:
        held = policies.shown(reader, visit.site)
        offered = queries.services(reader, visit.site, now=visit.now_ms)["services"]
    document, waiting = held["document"], {row["code"]: row["waiting"] for row in offered}
    sections = [
        {"id": code, "title": title, "rows": list(policy_words.rows(document.get("policy", {}), settings))}
        for code, title, settings in policy_words.SECTIONS
    ]
    lasting = [row for row in document["services"] if not row.get("temporary")]
    surges = [
        row | {"waiting": waiting.get(row["code"], 0)} for row in document["services"] if row.get("temporary") and row.get("open", True)
    ]
    return show(
        "policy.html",
        visit,
        version=held["version"],
        sections=sections,
        services=[_service(row) for row in lasting],
        classes=[row | {"credit_min": row.get("credit_s", 1800) // 60} for row in document.get("priority_classes", [])],
        calendars=[_calendar(name, value) for name, value in document.get("calendars", {}).items()],
        calendar_names=list(document.get("calendars", {})),
        days=DAYS,
        surges=surges,
        counters=[{"code": row["code"], "name": row["name"]} for row in document["counters"]],
        faults=json.dumps(policy_words.FAULTS, ensure_ascii=False),
        today=times.encode(visit.now_ms)[:10],
    )


def _service(row: Mapping[str, Any]) -> dict[str, Any]:
    halves = row.get("quota_half_day") or ["", ""]
    return {
        "code": row["code"], "name": row["name"], "open": row.get("open", True), "calendar": row.get("calendar"),
        "quota_day": "" if row.get("quota_day") is None else row["quota_day"], "am": halves[0], "pm": halves[1],
        "absent": list(row.get("absent", ())),
    }  # fmt: skip


def _calendar(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    weekly = value.get("weekly", {})
    return {
        "name": name,
        "weekly": {day: spans(weekly.get(day, ())) for day in DAYS},
        "exceptions": "\n".join(f"{day}: {spans(windows) or 'nghỉ'}" for day, windows in sorted(value.get("exceptions", {}).items())),
    }


def spans(windows: Any) -> str:
    """`07:00-11:30, 13:30-17:00`."""
    return ", ".join(f"{begin}-{end}" for begin, end in windows)
