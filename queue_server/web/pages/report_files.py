"""The day report as files: CSV for programs, a workbook for people who reckon on, one page of HTML that needs no other file.

Text from outside (names in the configuration, a device's name) never becomes a formula: spreadsheets run what begins with = + - @ or a
tab, also from CSV (OWASP, CSV injection), so such a text gets an apostrophe before it. Numbers are written as numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import xlsxwriter
from jinja2 import Environment, FileSystemLoader

from queue_server.web.pages import report_tables
from queue_server.web.pages.report_tables import PERMILLE, SECONDS, WORDS, Cell, Column, Table
from queue_server.web.pages.report_view import values

CSV, XLSX, HTML = (
    "text/csv; charset=utf-8",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/html; charset=utf-8",
)
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
STATIC = Path(__file__).parents[1] / "static"
SHEET_NAME_MOST = 31


def harmless(cell: Cell) -> Cell:
    """A text that no spreadsheet takes for a formula; numbers as they are."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(STARTS_FORMULA):
        return f"'{cell}"
    return cell


def head(column: Column) -> str:
    """A column's name with its unit, where it is read by a program."""
    if column.unit == SECONDS:
        return f"{column.name} (giây)"
    return f"{column.name} (%)" if column.unit == PERMILLE else column.name


def number(cell: Cell, column: Column) -> Cell | float:
    """A cell as a file has it: shares in percent with one decimal."""
    return cell / 10 if column.unit == PERMILLE and isinstance(cell, int) else harmless(cell)


def as_csv(report: Mapping[str, Any]) -> bytes:
    return csv_of(report_tables.facts(report), report_tables.tables(report))


def csv_of(facts: Iterable[tuple[str, str]], tables: Iterable[Table]) -> bytes:
    """Every table below the other, each row with its table's name first; UTF-8 with a mark, which Excel needs to read Vietnamese."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(["Bảng", "Mục", "Giá trị"])
    rows.writerows(["Báo cáo", name, harmless(said)] for name, said in facts)
    for table in tables:
        rows.writerow([])
        rows.writerow(["Bảng", *map(head, table.columns)])
        for row in table.rows:
            rows.writerow([table.title, *(_blank(number(cell, column)) for cell, column in zip(row, table.columns, strict=True))])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _blank(cell: Cell | float) -> Cell | float:
    return "" if cell is None else cell


def as_xlsx(report: Mapping[str, Any]) -> bytes:
    return xlsx_of(report_tables.facts(report), report_tables.tables(report))


def xlsx_of(facts: Iterable[tuple[str, str]], tables: Iterable[Table]) -> bytes:
    """A workbook: where the figures come from, then one sheet for each table."""
    out = io.BytesIO()
    made = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, made) as book:
        bold, share = book.add_format({"bold": True, "text_wrap": True, "valign": "top"}), book.add_format({"num_format": "0.0"})
        first = book.add_worksheet("Báo cáo")
        first.set_column(0, 0, 24)
        first.set_column(1, 1, 76)
        for n, (name, said) in enumerate(facts):
            first.write_string(n, 0, name, bold)
            first.write_string(n, 1, str(harmless(said)))
        for table in tables:
            _sheet(book.add_worksheet(table.title[:SHEET_NAME_MOST]), table, bold, share)
    return out.getvalue()


def _sheet(sheet: Any, table: Table, bold: Any, share: Any) -> None:
    sheet.freeze_panes(1, 1)
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, 34 if column.unit == WORDS else 14)
        sheet.write_string(0, at, head(column), bold)
    for n, row in enumerate(table.rows, start=1):
        for at, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            value = number(cell, column)
            if isinstance(value, str):
                sheet.write_string(n, at, value)
            elif value is not None:
                sheet.write_number(n, at, value, share if column.unit == PERMILLE else None)
    if table.note:
        sheet.write_string(len(table.rows) + 2, 0, table.note)


def as_html(report: Mapping[str, Any]) -> bytes:
    """One page that opens from any disk: its style within, no script, nothing fetched."""
    return _templates().get_template("report_file.html").render(style=_style(), **values(report)).encode()


@lru_cache(maxsize=1)
def _templates() -> Environment:
    """The same templates as the pages', without a request: a report also leaves the house at night."""
    return Environment(loader=FileSystemLoader(STATIC.parent / "templates"), autoescape=True)


@lru_cache(maxsize=1)
def _style() -> str:
    return (STATIC / "report.css").read_text(encoding="utf-8")
