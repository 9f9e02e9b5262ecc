"""The line as the estimate sees it: who waits, who is at a desk, who was called lately. Few columns of many rows, by an index each.

Holds statements and one half that `reader` is made with. No rules: what a wait follows from is `queue_server.estimating`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import ColumnElement, and_, literal_column, select, text
from sqlalchemy import bindparam as b

from queue_server.domain.visit import Step, steps_from
from queue_server.storage import tables as t
from queue_server.storage.sql import Row, Runner, Statement

_t = t.ticket.c
ZERO: ColumnElement[int] = literal_column("0")  # spelt out, because the SQLite dialect would bind an anonymous one
LINE = Statement(
    select(_t.id, _t.service, _t.effective_at, _t.available_from, _t.quantity, _t.for_counter, _t.credits, _t.doubt)
    .where(_t.site == b("site"), text("state = 'waiting'"))
    .order_by(_t.doubt, _t.effective_at, _t.issued_seq)
    .limit(b("n"))
    .offset(ZERO),
    "ix_ticket_waiting",
)
AT_DESKS = Statement(
    select(_t.counter, _t.service, _t.state, _t.quantity, _t.last_called_at, _t.serving_at).where(
        _t.site == b("site"), text("state IN ('called', 'serving')")
    ),
    "uq_ticket_at_counter",
)
_VISIT = (
    _t.id, _t.service, _t.state, _t.steps, _t.estimate, _t.quantity, _t.priority_class, _t.appointment, _t.issued_at, _t.voided, _t.lease,
    _t.moved_from,
)  # fmt: skip
VISIT = Statement(select(*_VISIT).where(_t.site == b("site"), _t.id == b("id")))
PAST = Statement(  # the newest visits of a service whose people were called, with what they were told
    select(*_VISIT)
    .where(_t.site == b("site"), _t.service == b("service"), _t.last_called_at > b("since"))
    .order_by(_t.last_called_at.desc())
    .limit(b("n"))
    .offset(ZERO),
    "ix_ticket_called",
)
_OF_DAY = and_(_t.site == b("site"), _t.business_day == b("business_day"))
TOLD = Statement(select(*_VISIT).where(_OF_DAY).order_by(_t.issued_seq), "sqlite_autoindex_ticket_2")


class LineReader:
    """What can be read of lines."""

    __slots__ = ()
    _sql: Runner

    def line(self, site: str, limit: int) -> Sequence[Row]:
        """The first of those who wait, in calling order."""
        return self._sql.all(LINE, {"site": site, "n": limit})

    def at_desks(self, site: str) -> Sequence[Row]:
        """Who is called or served, and since when."""
        return self._sql.all(AT_DESKS, {"site": site})

    def past_visits(self, site: str, service: str, since: int, limit: int) -> Sequence[Row]:
        """The newest visits to a service that were called since, newest first; `steps_of` and `told_of` read the two long columns."""
        return self._sql.all(PAST, {"site": site, "service": service, "since": since, "n": limit})

    def visit(self, site: str, ticket: str) -> Row | None:
        """One visit, with the columns of `past_visits`."""
        return self._sql.one(VISIT, {"site": site, "id": ticket})

    def told_of_day(self, site: str, business_day: str) -> Sequence[Row]:
        """A day's visits in order of issue, with what each was told."""
        return self._sql.all(TOLD, {"site": site, "business_day": business_day})

    @staticmethod
    def steps_of(row: Row) -> tuple[Step, ...]:
        """The steps of a visit."""
        return steps_from(orjson.loads(row["steps"]))

    @staticmethod
    def told_of(row: Row) -> dict[str, object]:
        """The wait that was told at the issue, as the log has it; empty where none was."""
        found: dict[str, object] | None = orjson.loads(row["estimate"])
        return found or {}

    @staticmethod
    def credits_of(row: Row) -> dict[str, int]:
        """Credits in seconds by the rule that gave them."""
        found: dict[str, int] | None = orjson.loads(row["credits"])
        return found or {}
