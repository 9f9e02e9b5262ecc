"""Marks of outages: statements, what can be read of them, what one unit of work may change. No rules.

Holds two halves that `reader` and `repository` are made with.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import bindparam as b
from sqlalchemy import insert, or_, select, text, update

from queue_server.storage import tables_waits as t
from queue_server.storage.sql import Row, Runner, Statement

_o = t.outage.c
STANDS = text("withdrawn = 0")
RUNNING = Statement(select(t.outage).where(_o.site == b("site"), text("ended_at IS NULL")).order_by(_o.system), "uq_outage_running")
ONE = Statement(select(t.outage).where(_o.site == b("site"), _o.id == b("id")))
BETWEEN = Statement(
    select(t.outage)
    .where(_o.site == b("site"), _o.started_at < b("to_ms"), or_(_o.ended_at.is_(None), _o.ended_at > b("from_ms")), STANDS)
    .order_by(_o.started_at, _o.id),
    "ix_outage_started",
)
ADD = Statement(insert(t.outage).values({c.name: b(c.name) for c in t.outage.columns}))
_CHANGED = ("started_at", "ended_at", "ended_by", "ended_how", "corrected_at", "corrected_by", "withdrawn")
CHANGE = Statement(update(t.outage).where(_o.site == b("k_site"), _o.id == b("k_id")).values({n: b(n) for n in _CHANGED}))


class OutageReader:
    """What can be read of outages."""

    __slots__ = ()
    _sql: Runner

    def running_outages(self, site: str) -> list[Row]:
        """The outages that go on, by system: at most one of each."""
        return self._sql.all(RUNNING, {"site": site})

    def outage(self, site: str, outage: str) -> Row | None:
        """One outage, withdrawn ones too."""
        return self._sql.one(ONE, {"site": site, "id": outage})

    def outages(self, site: str, from_ms: int, to_ms: int) -> list[Row]:
        """The outages of which any part lies in `[from_ms, to_ms)`, by their beginning; not those that were withdrawn."""
        return self._sql.all(BETWEEN, {"site": site, "from_ms": from_ms, "to_ms": to_ms})


class OutageWriter(OutageReader):
    """What one unit of work may change of them; called by the projections alone."""

    __slots__ = ()

    def add_outage(self, row: dict[str, Any]) -> None:
        """An outage is marked."""
        self._sql.do(ADD, row | {"services": json.dumps(row["services"])})

    def change_outage(self, site: str, outage: str, change: dict[str, Any]) -> None:
        """It is over, or its times were corrected."""
        old = self.outage(site, outage)
        if old is not None:
            self._sql.do(CHANGE, {name: old[name] for name in _CHANGED} | change | {"k_site": site, "k_id": outage})
