"""The day report in words for a reader: which of its tables stand where, durations as minutes, the plots.

Pure: takes the report as the services gathered it. The tables themselves are `report_tables`'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from queue_server.web.pages import manager_today, report_tables, words
from queue_server.web.pages.booking import day_in_words
from queue_server.web.pages.report_tables import PERMILLE, SECONDS, WORDS, Cell, Column, Table

KINDS = {"demo": "Số liệu trình diễn", "training": "Số liệu tập huấn", "pilot": "Chạy thử"}
ON_PAGE = ("service", "counter", "channel")  # those of one kind; the half hours are drawn


def values(report: Mapping[str, Any]) -> dict[str, Any]:
    """What the template shows."""
    found = {table.key: shown(table) for table in report_tables.tables(report)}
    figures = report["figures"]
    return {
        "report": report,
        "kind": KINDS.get(report["kind"], ""),
        "day_name": day_in_words(report["date"], "vi"),
        "counts": figures["counts"],
        "wait": {name: words.short(figures["wait"][f"{name}_s"]) for name in ("mean", "p50", "p90", "max")},
        "waited": figures["wait"]["n"],
        "sides": [(name, words.minutes(figures[key]["mean_s"])) for key, name in SIDES],
        "door": words.minutes(figures["visit"]["door_to_door"]["mean_s"]),
        "service_time": words.minutes(figures["service_time"]["mean_s"]),
        "shares": [
            {"minutes": each["target_s"] // 60, "percent": percent(each["permille"]), "within": each["within"], "of": each["of"]}
            for each in figures["shares"]
        ],
        "tables": [found[key] for key in ON_PAGE],
        "online": found["online"],
        "outages": found["outages"],
        "outliers": found["outliers"],
        "origin": report_tables.origin(report),
        "plots": manager_today.of_day(report["course"], figures, manager_today.targets_of(figures), "report"),
    }


SIDES = (("before_opening", "Chờ trước giờ mở cửa"), ("over_breaks", "Chờ qua giờ nghỉ"))


def shown(table: Table) -> dict[str, Any]:
    """A table as people read it; a row of nothing but noughts is left out."""
    rows = [row for row in table.rows if any(isinstance(cell, int) and cell for cell in row)]
    return {
        "key": table.key,
        "title": table.title,
        "note": table.note,
        "head": [(column.name, column.unit != WORDS) for column in table.columns],
        "rows": [[(said(cell, column), column.unit != WORDS) for cell, column in zip(row, table.columns, strict=True)] for row in rows],
    }


def said(cell: Cell, column: Column) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, int):
        return words.short(cell) if column.unit == SECONDS else percent(cell) if column.unit == PERMILLE else str(cell)
    return cell


def percent(permille: int | None) -> str:
    """A share as it is written here: `87,5%`."""
    if permille is None:
        return "–"
    return f"{permille // 10}" + (f",{permille % 10}" if permille % 10 else "") + "%"
