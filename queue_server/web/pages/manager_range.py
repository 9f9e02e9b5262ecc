"""A week, a month or any days up to a month: added up exactly, each day beside the others, as a page and as files.

Every figure is `GET /metrics/range`'s; an average of averages is nowhere made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from flask import Response, request

from queue_server.domain import calendar
from queue_server.services import figures, queries
from queue_server.web.pages import plots, report_files, report_tables, words
from queue_server.web.pages.manager_today import Plot, drawn
from queue_server.web.pages.report_tables import Table
from queue_server.web.pages.report_view import percent, shown
from queue_server.web.pages.visit import Answer, Visit, show

MOST_DAYS = 31
ON_PAGE = ("days", "service", "counter", "channel")
WEEKDAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")


def page(visit: Visit) -> Answer:
    found, names, today = _asked(visit)
    tables = {table.key: shown(table) for table in report_tables.of_days(found, names)}
    first, last = found["from"], found["to"]
    for row in tables["days"]["rows"]:
        row[0] = (_named(row[0][0]), False)
    return show(
        "manager_range.html", visit, manager_place="/manager/range", first=first, last=last, today=today,
        choices=[choice | {"here": (choice["first"], choice["last"]) == (first, last)} for choice in choices(today)],
        counts=found["counts"], wait={name: words.short(found["wait"][f"{name}_s"]) for name in ("mean", "p50", "p90", "max")},
        shares=[{"minutes": each["target_s"] // 60, "percent": percent(each["permille"])} for each in found["shares"]],
        days=len(tables["days"]["rows"]), plots=_plots(found), tables=[tables[key] for key in ON_PAGE if tables[key]["rows"]],
        digest=found["digest"], position=found["position"], open_days=[_named(row["date"]) for row in _still_open(found)],
    )  # fmt: skip


def as_csv(visit: Visit) -> Answer:
    return _file(visit, "csv")


def as_xlsx(visit: Visit) -> Answer:
    return _file(visit, "xlsx")


def _file(visit: Visit, ending: str) -> Answer:
    found, names, _ = _asked(visit)
    facts = [
        ("Điểm tiếp nhận", str(found["site"])), ("Từ ngày", found["from"]), ("Đến ngày", found["to"]),
        ("Vị trí nhật ký", found["position"]),
        ("Mã kiểm (SHA-256)", found["digest"]), ("Tính lại bằng", "toiluot server audit --day NGÀY --db URL, từng ngày"),
    ]  # fmt: skip
    make, kind = (report_files.csv_of, report_files.CSV) if ending == "csv" else (report_files.xlsx_of, report_files.XLSX)
    tables: Iterable[Table] = report_tables.of_days(found, names)
    answer = Response(make(facts, tables), content_type=kind)
    name = f"so-lieu-{found['site']}-{found['from']}-{found['to']}.{ending}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _asked(visit: Visit) -> tuple[dict[str, Any], dict[str, dict[str, str]], str]:
    """The figures of the days that were asked for, this week where none were; names of what they are about; today."""
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        today = calendar.business_day(visit.now_ms, config.utc_offset_min)
        first, last = days_of(request.args, today)
        found = figures.span(reader, visit.site, first, last, now=visit.now_ms)
    names = {
        "services": {code: each.name for code, each in config.services.items()},
        "counters": {code: each.name for code, each in config.counters.items()},
    }
    return found, names, today


def days_of(asked: Mapping[str, str], today: str) -> tuple[str, str]:
    """From and to, at most a month and never of days to come; whatever else was typed is this week."""
    try:
        first, last = (date.fromisoformat(asked.get(name, "")) for name in ("from", "to"))
    except ValueError:
        return choices(today)[0]["first"], today
    last = min(last, date.fromisoformat(today))
    if first > last or first.year < 2020:
        return choices(today)[0]["first"], today
    return max(first, last - timedelta(days=MOST_DAYS - 1)).isoformat(), last.isoformat()


def choices(today: str) -> list[dict[str, str]]:
    """What is asked for most: this week and month so far, and those before."""
    now = date.fromisoformat(today)
    monday, month = now - timedelta(days=now.weekday()), now.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    spans = [
        ("Tuần này", monday, now),
        ("Tuần trước", monday - timedelta(days=7), monday - timedelta(days=1)),
        ("Tháng này", month, now),
        ("Tháng trước", before, month - timedelta(days=1)),
    ]
    return [{"name": name, "first": first.isoformat(), "last": last.isoformat()} for name, first, last in spans]


def _named(day: str) -> str:
    at = date.fromisoformat(day)
    return f"{WEEKDAYS[at.weekday()]} {at:%d/%m}"


def _still_open(found: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [row for row in found["days"] if not row["closed"] and row["issued"]]


def _plots(found: Mapping[str, Any]) -> list[Plot]:
    """How many came and how long they waited, day by day."""
    days = [row for row in found["days"] if row["issued"] + row["arrived"]]
    if not days:
        return []
    labels, every = [_named(row["date"]) for row in days], 1 if len(days) <= 8 else 3
    came = [row["issued"] + row["arrived"] for row in days]
    waits: list[plots.Range | None] = []
    for row in days:
        wait = row["wait"]
        waits.append((wait["p50_s"] / 60, wait["mean_s"] / 60, wait["p90_s"] / 60) if wait["n"] else None)
    lines = [plots.Line(each["target_s"] / 60, f"{each['target_s'] // 60} phút") for each in found["shares"]]
    about = "Mỗi cột từ mức giữa đến mức chín phần mười số người, vạch đậm là trung bình."
    first = plots.Frame("range-came", "Người đến mỗi ngày", f"Tổng {sum(came)} người trong {len(days)} ngày.")
    second = plots.Frame("range-waited", "Thời gian chờ mỗi ngày (phút)", about)
    return [
        Plot(first.title, drawn(plots.bars(first, labels, came, every=every)), (), ()),
        Plot(second.title, drawn(plots.ranges(second, labels, waits, lines, every=every)), (), ()),
    ]
