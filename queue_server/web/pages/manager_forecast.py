"""The manager's page, part "the next two hours": expected people and waits by half hour, with what that rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from queue_server.services import outlook, queries
from queue_server.web.pages import plots, words
from queue_server.web.pages.clerk import service_names
from queue_server.web.pages.manager_today import Plot, drawn
from queue_server.web.pages.visit import Visit


def view(visit: Visit) -> dict[str, Any]:
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        told = outlook.of_site(reader, visit.site, now=visit.now_ms)
    names, late_s = service_names(config), config.policy.long_wait_alarm_s
    rows = [row(each, names, late_s) for each in told["windows"]]
    lines = [plots.Line(each / 60, f"{each // 60} phút") for each in config.policy.targets_s]
    return {
        "plots": [_plot(told["windows"], rows, lines)] if any(each["mid_s"] is not None for each in told["windows"]) else [],
        "rows": rows,
        "basis": basis(told["rests_on"]),
        "at": words.hhmm(told["made_at"]),
    }


def row(window: Mapping[str, Any], names: Mapping[str, str], late_s: int) -> dict[str, Any]:
    """One half hour in words."""
    known, worst = window["mid_s"] is not None, window["worst"]
    slow = worst is not None and worst["mid_s"] >= 60
    return {
        "time": f"{words.hhmm(window['from_at'])}–{words.hhmm(window['to_at'])}",
        "people": window["people"],
        "wait": words.span(window["low_s"], window["high_s"]) if known else "–",
        "mid": words.short(window["mid_s"]),
        "worst": f"{names.get(worst['service'], worst['service'])}, {words.short(worst['mid_s'])}" if slow else "–",
        "late": known and window["high_s"] >= late_s,
    }


def basis(found: Mapping[str, Any]) -> str:
    """What the forecast rests on, in two sentences that a manager can weigh."""
    parts = [f"{found['waiting']} người đang chờ", f"{found['counters']} quầy đang mở"]
    if found["counters_away"]:
        parts[-1] += f" ({found['counters_away']} quầy tạm nghỉ sẽ trở lại)"
    if found["dates"]:
        share = "" if found["factor_percent"] == 100 else f", nhân {found['factor_percent']}% theo lượng người hôm nay"
        parts.append(f"người đến cùng giờ {len(found['dates'])} ngày trước ({', '.join(_day(each) for each in found['dates'])}){share}")
    else:
        parts.append("người đến trong giờ vừa qua, vì chưa có ngày nào trước đó")
    pace = f"tốc độ học từ {found['visits']} lượt gần đây" if found["learned"] and found["visits"] else "tốc độ giả định trong cài đặt"
    kept = "Giữ nguyên số quầy: mở thêm hay đóng bớt thì khác. Mười người thì tám người chờ trong khoảng nêu."
    return f"Dựa trên {'; '.join([*parts, pace])}. {kept}"


def _day(text: str) -> str:
    return f"{text[8:]}/{text[5:7]}"


def _plot(windows: list[Mapping[str, Any]], rows: list[dict[str, Any]], lines: list[plots.Line]) -> Plot:
    found = [None if each["mid_s"] is None else tuple(each[name] / 60 for name in ("low_s", "mid_s", "high_s")) for each in windows]
    frame = plots.Frame("forecast", "Thời gian chờ dự kiến (phút)", "; ".join(f"{each['time']}: {each['wait']}" for each in rows) + ".")
    labels = [words.hhmm(each["from_at"]) for each in windows]
    return Plot(frame.title, drawn(plots.ranges(frame, labels, found, lines, every=1)), (), ())
