"""The manager's page, part "how many counters": the plan by half hour, one counter more or fewer now, and what more people would mean.

Puts into few words what `web.adviser` keeps; it reckons nothing. Every figure stands with how many simulated days it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import request

from queue_server.domain.config import SiteConfig
from queue_server.domain.errors import Refusal
from queue_server.services import queries
from queue_server.web.pages import words
from queue_server.web.pages.visit import Visit
from queue_server.web.staffing import more_of

WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
SHOWN = 3  # suggestions of each kind
WORTH_MIN, HARMLESS_S = 10, 120  # minutes of waiting that an opening takes off; seconds that a closing may add
FEW_DAYS = 10


def view(visit: Visit) -> dict[str, Any]:
    """The part as it stands; what is being reckoned comes with the next look."""
    try:
        more, wrong = more_of(request.args.get("more")), False
    except Refusal:
        more, wrong = 0, True
    if visit.house.adviser is None:
        return {"state": "off"}
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
    told = visit.house.adviser.ask(visit.site, more)
    site = visit.site if len(visit.who.sites) > 1 else ""
    return {**shown(told, config, more), "wrong": wrong, "at_site": site}


def shown(told: Mapping[str, Any], config: SiteConfig, more: int) -> dict[str, Any]:
    """The template's values."""
    values: dict[str, Any] = {"state": told["state"], "more": more or "", "live": _live(told["live"], config), "rests_on": _rests_on(told)}
    if told["plan"] is None:
        return values
    target = told["target"]
    values |= {
        "day": _day(told["day"]),
        "visits": told["visits"],
        "target": f"trung bình ≤ {target['mean_s'] // 60} phút, 95% số lượt ≤ {target['tail_s'] // 60} phút",
        "plan": _plan(told["plan"]),
        "all_day": [{"counters": row["counters"], "says": _says(row)} for row in told["all_day"]],
        "surge": _surge(told["surge"]) if told["surge"] else None,
        "waiting_for_surge": bool(more and told["surge"] is None and told["state"] == "ready"),
    }
    return values


def _rests_on(told: Mapping[str, Any]) -> str:
    history = told["history"]
    if history is None or history["basis"] == "nothing":
        return ""
    if history["basis"] == "today":
        return f"Chưa có ngày nào trước đó: chỉ tính từ {history['people']} lượt của hôm nay, coi cả ngày đều như vậy. Mới là phác tính."
    if history["days"] < FEW_DAYS:
        return f"Mới có {history['days']} ngày dữ liệu ({history['people']} lượt): kế hoạch còn thô."
    return f"Tính từ {history['days']} ngày gần đây ({history['people']} lượt)."


def _day(day: str) -> str:
    found = date.fromisoformat(day)
    return f"{WEEKDAYS[found.weekday()]} {found.day:02d}/{found.month:02d}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _says(seen: Mapping[str, Any]) -> str:
    return (
        f"chờ trung bình {words.short(seen['mean_s'])}, 95% dưới {words.short(seen['tail_s'])}; "
        f"đạt mục tiêu {seen['met']}/{seen['days']} ngày mô phỏng"
    )


def _plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    seen = plan["outlook"]
    rows = [
        {
            "at": _clock(row["from_min"]),
            "people": round(row["people"]),
            "counters": row["counters"],
            "usual": "–" if row["usual"] is None else f"{row['usual']:.0f}",
            "short": row["usual"] is not None and row["usual"] + 1 <= row["counters"],
            "codes": ", ".join(row["codes"]),
            "mean": words.short(row["mean_s"]),
            "tail": words.short(row["tail_s"]),
        }
        for row in plan["half_hours"]
    ]
    while rows and not rows[0]["people"]:
        rows.pop(0)
    while rows and not rows[-1]["people"]:
        rows.pop()
    return {
        "reached": plan["reached"],
        "says": _says(seen),
        "light": words.short(seen["mean_low_s"]),
        "heavy": words.short(seen["mean_high_s"]),
        "hours": f"{plan['counter_hours']:.0f}",
        "most": max((row["counters"] for row in plan["half_hours"]), default=0),
        "ends": _clock(seen["ends_min"]),
        "ends_late": _clock(seen["ends_late_min"]),
        "rows": rows,
    }


def _surge(surge: Mapping[str, Any]) -> dict[str, Any]:
    usual = surge["as_planned"]
    return {
        "more": surge["more"],
        "visits": surge["visits"],
        "usual": _says(usual),
        "usual_ends": _clock(usual["ends_min"]),
        "usual_ends_late": _clock(usual["ends_late_min"]),
        "plan": _plan(surge["plan"]),
    }


# ---------------------------------------------------------------- now
def _live(live: Mapping[str, Any] | None, config: SiteConfig) -> dict[str, Any] | None:
    if live is None:
        return None
    opening = [_change(row, config) for row in live["opening"] if row["saved_min"] >= WORTH_MIN or row["only"]]
    spare = [row for row in live["closing"] if not row["only"] and row["after_s"][1] - row["before_s"][1] <= HARMLESS_S]
    return {
        "at": words.hhmm(live["at"]),
        "opening": opening[:SHOWN],
        "closing": [_change(row, config) for row in spare if row["people"]][:SHOWN],
    }


def _change(row: Mapping[str, Any], config: SiteConfig) -> dict[str, Any]:
    names = [config.services[code].name for code in row["services"] if code in config.services]
    low, mid, high = row["after_s"]
    return {
        "counter": _counters(row["counters"], config),
        "before": _minutes(row["before_s"][1]),
        "after": _minutes(mid),
        "between": f"{_minutes(low)}–{_minutes(high)}",
        "saved": row["saved_min"],
        "people": row["people"],
        "only": row["only"],
        "services": ", ".join(names[:3]) + ("…" if len(names) > 3 else ""),
    }


def _counters(codes: Sequence[str], config: SiteConfig) -> str:
    """The first by its name, the others that serve the same in brackets."""
    names = [config.counters[code].name for code in codes if code in config.counters]
    first = names[0] if names else codes[0]
    return first + (f" (hoặc {', '.join(names[1:3])}{'…' if len(names) > 3 else ''})" if len(names) > 1 else "")


def _minutes(seconds: int) -> int:
    return round(seconds / 60)
