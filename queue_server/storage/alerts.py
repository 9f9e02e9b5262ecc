"""Alerts: statements, what can be read of them, what one unit of work may change. No rules.

Holds two halves that `reader` and `repository` are made with.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, literal_column, select, text, update
from sqlalchemy import bindparam as b

from queue_server.storage import tables_alerts as t
from queue_server.storage.sql import Row, Runner, Statement

_a, _l = t.alert.c, t.server_life.c
ZERO: ColumnElement[int] = literal_column("0")  # spelt out, because the SQLite dialect would bind an anonymous one
OPEN = Statement(select(t.alert).where(_a.site == b("site"), text("cleared_at IS NULL")).order_by(_a.raised_at, _a.id), "ix_alert_open")
ONE = Statement(select(t.alert).where(_a.site == b("site"), _a.id == b("id")))
SINCE = Statement(
    select(t.alert).where(_a.site == b("site"), _a.raised_at >= b("since")).order_by(_a.raised_at, _a.id).limit(b("most")).offset(ZERO),
    "ix_alert_raised",
)
ADD = Statement(insert(t.alert).values({c.name: b(c.name) for c in t.alert.columns}))
CLEAR = Statement(update(t.alert).where(_a.site == b("k_site"), _a.id == b("k_id")).values({"cleared_at": b("cleared_at")}))
TOLD = Statement(update(t.alert).where(_a.site == b("k_site"), _a.id == b("k_id")).values({"told": b("told")}))
FORGET = Statement(delete(t.alert).where(_a.site == b("site"), _a.raised_at < b("before"), text("cleared_at IS NOT NULL")))
LIFE = Statement(select(t.server_life).where(_l.site == b("site")))
ADD_LIFE = Statement(insert(t.server_life).values({"site": b("site"), "alive_at": b("alive_at")}))
LIVES = Statement(update(t.server_life).where(_l.site == b("k_site")).values({"alive_at": b("alive_at")}))


class AlertReader:
    """What can be read of alerts."""

    __slots__ = ()
    _sql: Runner

    def open_alerts(self, site: str) -> list[Row]:
        """What stands, oldest first."""
        return self._sql.all(OPEN, {"site": site})

    def alert(self, site: str, alert: str) -> Row | None:
        """One alert."""
        return self._sql.one(ONE, {"site": site, "id": alert})

    def alerts_since(self, site: str, since: int, most: int) -> list[Row]:
        """What was raised since an instant, oldest first, cleared or not."""
        return self._sql.all(SINCE, {"site": site, "since": since, "most": most})

    def alive_at(self, site: str) -> int | None:
        """When a server of this database last said that it lives."""
        row = self._sql.one(LIFE, {"site": site})
        return int(row["alive_at"]) if row else None


class AlertWriter(AlertReader):
    """What one unit of work may change of them. All but `lives` is called by the projections alone."""

    __slots__ = ()

    def add_alert(self, row: dict[str, Any]) -> None:
        """An alert is raised."""
        self._sql.do(ADD, row)

    def clear_alert(self, site: str, alert: str, at: int) -> None:
        """An alert is over."""
        self._sql.do(CLEAR, {"k_site": site, "k_id": alert, "cleared_at": at})

    def tell_alert(self, site: str, alert: str, told: dict[str, Any]) -> None:
        """Whom it was told to, and how that went."""
        self._sql.do(TOLD, {"k_site": site, "k_id": alert, "told": json.dumps(told, sort_keys=True)})

    def forget_alerts(self, site: str, before: int) -> None:
        """Cleared ones older than an instant go; the log keeps them."""
        self._sql.do(FORGET, {"site": site, "before": before})

    def lives(self, site: str, at: int) -> None:
        """This server serves."""
        if not self._sql.touched(LIVES, {"k_site": site, "alive_at": at}):
            self._sql.do(ADD_LIFE, {"site": site, "alive_at": at})
