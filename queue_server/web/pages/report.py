"""The day report: the page, and the same as a file for whoever wants to keep it, print it or reckon on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import Response, request

from queue_server.domain import calendar
from queue_server.services import queries, reporting
from queue_server.web.pages import report_files
from queue_server.web.pages.report_view import values
from queue_server.web.pages.visit import Answer, Visit, show

OLDEST = date(2020, 1, 1)


def page(visit: Visit) -> Answer:
    """One day: the one that is asked for, else today."""
    found = _report(visit)
    return show("report.html", visit, manager_place="/report", **values(found))


def as_csv(visit: Visit) -> Answer:
    return _file(visit, report_files.as_csv, report_files.CSV, "csv")


def as_xlsx(visit: Visit) -> Answer:
    return _file(visit, report_files.as_xlsx, report_files.XLSX, "xlsx")


def as_html(visit: Visit) -> Answer:
    return _file(visit, report_files.as_html, report_files.HTML, "html")


def _report(visit: Visit) -> dict[str, Any]:
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        today = calendar.business_day(visit.now_ms, config.utc_offset_min)
        return reporting.of_day(reader, visit.site, _day(request.args.get("day", ""), today), now=visit.now_ms)


def _day(wanted: str, today: str) -> str:
    """A day of the past or today; whatever else was typed is today."""
    try:
        found = date.fromisoformat(wanted)
    except ValueError:
        return today
    return found.isoformat() if OLDEST <= found <= date.fromisoformat(today) else today


def _file(visit: Visit, make: Callable[[Mapping[str, Any]], bytes], kind: str, ending: str) -> Answer:
    found = _report(visit)
    answer = Response(make(found), content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{file_name(found, ending)}"'
    return answer


def file_name(report: Mapping[str, Any], ending: str) -> str:
    """Code and day, in letters that any disk takes."""
    return f"bao-cao-{report['site']}-{report['date']}.{ending}"
