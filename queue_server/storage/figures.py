"""Figures of closed days as they are kept, and how often a closed day has been changed since.

What is kept can always be made again from tickets and spells; how the figures are reckoned is the domain's.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, text

from queue_server.storage import tables as t
from queue_server.storage.sql import Row, Runner, Statement
from queue_server.storage.tables_waits import day_figures

b = bindparam
_event, _ticket, _kept = t.event.c, t.ticket.c, day_figures.c
# What changes no figure: a slip printed, a note, a rating, a place given up to others.
SILENT = "type NOT IN ('print_outcome', 'reprinted', 'print_wanted', 'annotated', 'rated', 'let_passed')"
CLOSINGS = Statement(
    select(_event.subject, func.max(_event.seq).label("seq"))
    .where(_event.site == b("site"), _event.subject.between(b("first"), b("last")), text("type = 'day.closed'"))
    .group_by(_event.subject)
)
# Of each ticket of a day the rows after that day's close. A subquery of each ticket and not a join: a database without statistics
# would begin with all rows since the close, which is all history for an old day.
_LATER = (
    select(func.count())
    .select_from(t.event)
    .where(_event.site == _ticket.site, _event.subject == text("'ticket:' || ticket.id"), _event.seq > b("closed_seq"), text(SILENT))
    .correlate(t.ticket)
    .scalar_subquery()
)
CHANGES = Statement(select(func.sum(_LATER).label("n")).where(_ticket.site == b("site"), _ticket.business_day == b("business_day")))
KEPT = Statement(select(day_figures).where(_kept.site == b("site"), _kept.business_day.between(b("first"), b("last"))))
INSERT = Statement(insert(day_figures).values({c.name: b(c.name) for c in day_figures.columns}))
DELETE = Statement(delete(day_figures).where(_kept.site == b("site"), _kept.business_day == b("business_day")))
FORGET = Statement(delete(day_figures).where(_kept.site == b("site"), _kept.business_day < b("before")))


class FigureReader:
    """Looking at what is kept of closed days."""

    __slots__ = ()
    _sql: Runner

    def closings(self, site: str, first: str, last: str) -> dict[str, int]:
        """Day → the row of the log that closed it, of the days from `first` to `last`."""
        rows = self._sql.all(CLOSINGS, {"site": site, "first": f"day:{first}", "last": f"day:{last}"})
        return {row["subject"].removeprefix("day:"): row["seq"] for row in rows}

    def changes_after(self, site: str, business_day: str, closed_seq: int) -> int:
        """How many rows of the log changed a closed day's tickets since it was closed."""
        row = self._sql.one(CHANGES, {"site": site, "business_day": business_day, "closed_seq": closed_seq})
        return int(row["n"] or 0) if row else 0

    def kept_figures(self, site: str, first: str, last: str) -> dict[str, Row]:
        """Day → its row, of the days from `first` to `last`: `version`, `digest`, `body`."""
        return {row["business_day"]: row for row in self._sql.all(KEPT, {"site": site, "first": first, "last": last})}

    @staticmethod
    def figures_of(row: Row) -> dict[str, Any]:
        """The plain values that a row keeps."""
        found: dict[str, Any] = json.loads(zlib.decompress(row["body"]))
        return found


class FigureWriter:
    """Keeping them."""

    __slots__ = ()
    _sql: Runner

    def keep_figures(self, site: str, business_day: str, *, version: int, digest: str, body: dict[str, Any]) -> None:
        """The figures of a closed day, in place of what was kept of it before."""
        self._sql.do(DELETE, {"site": site, "business_day": business_day})
        packed = zlib.compress(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
        self._sql.do(INSERT, {"site": site, "business_day": business_day, "version": version, "digest": digest, "body": packed})

    def forget_figures(self, site: str, before_day: str) -> None:
        """What is kept of days before this one."""
        self._sql.do(FORGET, {"site": site, "before": before_day})
