"""Calls about outages of outside systems: marking, ending, correcting, listing, a month as a table. Thin: fields in, use-case out."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from queue_server.contract.messages import body_of
from queue_server.services import outage_figures, outages
from queue_server.services.queries import house
from queue_server.web.call import Call, UseCase

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def start(call: Call) -> UseCase:
    return lambda unit: outages.start(unit, **body_of(call.message))


def end(call: Call) -> UseCase:
    return lambda unit: outages.end(unit, call.args["outage"])


def correct(call: Call) -> UseCase:
    return lambda unit: outages.correct(unit, call.args["outage"], **body_of(call.message))


def listed(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        _, config = house(reader, call.site)
        from_ms, to_ms = outages.month_of(call.query.get("month") or outages.month_now(call.now_ms), config.utc_offset_min)
        return outages.listed(reader, call.site, config, from_ms=from_ms, to_ms=to_ms, now=call.now_ms)


def export_workbook(call: Call) -> tuple[bytes, str, str]:
    month = call.query.get("month") or outages.month_now(call.now_ms)
    with call.reader() as reader:
        found = outage_figures.month(reader, call.site, month, now=call.now_ms)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(month)
        for n, row in enumerate([outage_figures.COLUMNS, *outage_figures.table(found)]):
            sheet.write_row(n, 0, row)
        sheet.freeze_panes(1, 0)
        sheet.autofit()
    return out.getvalue(), WORKBOOK, f"gian-doan-{call.site}-{month}.xlsx"


def export(call: Call) -> tuple[bytes, str, str]:
    month = call.query.get("month") or outages.month_now(call.now_ms)
    with call.reader() as reader:
        found = outage_figures.month(reader, call.site, month, now=call.now_ms)
    return outage_figures.as_csv(found).encode(), "text/csv", f"gian-doan-{call.site}-{month}.csv"
