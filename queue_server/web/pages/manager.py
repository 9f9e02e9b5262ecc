"""The manager's page, first part: today's counts, who waits for what, how each counter stands, and what needs a look.

The further parts of the page (plots, forecast, staffing, accuracy, outages, feed) are rows of `manager_parts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template

from queue_server.domain import calendar
from queue_server.services import outliers, queries, today
from queue_server.services.issuing import over_cap
from queue_server.web.pages import alerts, manager_alarms, standing, words
from queue_server.web.pages.clerk import service_names
from queue_server.web.pages.health import device_view
from queue_server.web.pages.manager_parts import PARTS
from queue_server.web.pages.visit import Answer, Visit, show

STATES = {
    "closed": ("Chưa mở", "plain"),
    "open": ("Đang mở", "good"),
    "paused": ("Tạm nghỉ", "warn"),
    "wrapping_up": ("Làm giấy tờ", "warn"),
}
AT_DESK = {"called": "đã gọi", "serving": "đang phục vụ"}


def page(visit: Visit) -> Answer:
    """What is needed at once stands in the page; each further part comes by itself afterwards, so that none delays another."""
    return show("manager.html", visit, parts=PARTS, **live_view(visit))


def live(visit: Visit) -> Answer:
    """The figures alone, asked for again after events."""
    return render_template("manager_live.html", **live_view(visit))


def live_view(visit: Visit) -> dict[str, Any]:
    """Everything the first part shows, from one reading of the database."""
    now, site = visit.now_ms, visit.site
    with visit.reader() as reader:
        _, config = queries.house(reader, site)
        day = calendar.business_day(now, config.utc_offset_min)
        offered = queries.services(reader, site, now=now)["services"]
        queue = queries.queue(reader, site, now=now)["tickets"]
        counters = queries.counters(reader, site, now=now)["counters"]
        figures = today.figures(reader, site, day, now=now)
        devices = queries.devices(reader, site, now=now)["devices"]
        raised = alerts.standing(reader, visit)
        unusual = outliers.of_day(reader, site, now=now)["outliers"]
        shares = [(config.priority_classes[one["class"]].name, one) for one in over_cap(reader, site, config, now)]
    services = [_service(row, queue, counters) for row in offered]
    services.sort(key=lambda row: (-row["longest_s"], -row["waiting"]))
    longest_s = max((row["longest_s"] for row in services), default=0)
    late_s = config.policy.long_wait_alarm_s
    return {
        "counts": figures["counts"],
        "priority": _priority(figures["counts"]),
        "unusual": len(unusual),
        "wait": figures["wait"],
        "service_time": figures["service_time"],
        "waiting": len(queue),
        "longest_s": longest_s,
        "longest": words.short(longest_s) if queue else "–",
        "late_s": late_s,
        "services": services,
        "most": max((row["waiting"] for row in services), default=0),
        "counters": [_counter(row, service_names(config), now) for row in counters],
        "open_counters": sum(row["state"] != "closed" for row in counters),
        "alarms": manager_alarms.ordered(
            manager_alarms.queues(services, late_s),
            manager_alarms.raised(raised),
            manager_alarms.devices((each, device_view(each)) for each in devices),
            manager_alarms.house(standing.alarms(standing.look(visit))),
            manager_alarms.unusual(unusual),
            manager_alarms.capped(shares),
        ),
        "shown": manager_alarms.SHOWN,
        "before_opening": figures["before_opening"],
        "over_breaks": figures["over_breaks"],
        "mean": words.short,
        "at": words.hhmm(now),
    }


def _service(row: Mapping[str, Any], queue: list[dict[str, Any]], counters: list[dict[str, Any]]) -> dict[str, Any]:
    waits = [ticket["waited_s"] for ticket in queue if ticket["service"] == row["code"]]
    return {
        "code": row["code"],
        "name": row["name"],
        "waiting": len(waits),
        "longest_s": max(waits, default=0),
        "longest": words.minutes(max(waits)) if waits else "–",
        "open": row["open"],
        "desks": sum(counter["state"] == "open" and row["code"] in counter["services"] for counter in counters),
    }


def _counter(row: Mapping[str, Any], names: Mapping[str, str], now_ms: int) -> dict[str, Any]:
    word, tone = STATES[row["state"]]
    ticket = row["current"]
    since = (ticket["serving_at"] or ticket["called_at"]) if ticket else None
    return {
        "name": row["name"],
        "word": word,
        "tone": tone,
        "from": words.hhmm(row["since"]),
        "reason": row["reason"] or "",
        "label": ticket["label"] if ticket else "",
        "what": f"{names.get(ticket['service'], ticket['service'])}, {AT_DESK[ticket['state']]}" if ticket else "",
        "since": words.minutes(words.since_s(since, now_ms)) if ticket else "",
    }


def _priority(counts: Mapping[str, int]) -> dict[str, Any]:
    """Of today's numbers how many have a priority, and of those whose papers somebody saw how many were refused it."""
    looked_at = counts["priority_confirmed"] + counts["priority_refused"]
    return {
        "n": counts["priority"],
        "share": _percent(counts["priority"], counts["issued"] + counts["arrived"]),
        "refused": counts["priority_refused"],
        "refused_share": _percent(counts["priority_refused"], looked_at),
        "looked_at": looked_at,
    }


def _percent(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)}%" if whole else "–"
