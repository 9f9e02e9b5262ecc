"""Orders to devices, waves and settings of devices: statements, what can be read of them, what one unit of work may change.

Holds two halves that `reader` and `repository` are made with. No rules: those are the domain's and the services'.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, literal_column, select, text, update
from sqlalchemy import bindparam as b

from queue_server.domain.event import Event
from queue_server.storage import tables_orders as t
from queue_server.storage.rows import event_of
from queue_server.storage.sql import Row, Runner, Statement
from queue_server.storage.tables import event

_o, _w, _c = t.device_order.c, t.device_wave.c, t.device_config.c
ZERO: ColumnElement[int] = literal_column("0")  # spelt out, because the SQLite dialect would bind an anonymous one
OPEN = text("state = 'open'")
ADD = Statement(insert(t.device_order).values({c.name: b(c.name) for c in t.device_order.columns}))
END = Statement(
    update(t.device_order)
    .where(_o.site == b("k_site"), _o.id == b("k_id"))
    .values({n: b(n) for n in ("state", "ended_at", "code", "detail", "file_type", "file_bytes")})
)
ONE = Statement(select(t.device_order).where(_o.site == b("site"), _o.id == b("id")))
OPEN_OF = Statement(
    select(t.device_order).where(_o.site == b("site"), _o.device == b("device"), OPEN).order_by(_o.id), "ix_device_order_open"
)
OVERDUE = Statement(
    select(t.device_order).where(_o.site == b("site"), _o.until <= b("now"), OPEN).order_by(_o.id).limit(b("most")).offset(ZERO),
    "ix_device_order_open",
)
OF_DEVICE = Statement(
    select(t.device_order)
    .where(_o.site == b("site"), _o.device == b("device"))
    .order_by(_o.ordered_at.desc(), _o.id.desc())
    .limit(b("most"))
    .offset(ZERO),
    "ix_device_order_device",
)
OF_WAVE = Statement(
    select(t.device_order).where(_o.site == b("site"), _o.wave == b("wave"), _o.wave.is_not(None)).order_by(_o.id), "ix_device_order_wave"
)
RECENT = Statement(
    select(t.device_order).where(_o.site == b("site")).order_by(_o.ordered_at.desc(), _o.id.desc()).limit(b("most")).offset(ZERO)
)
FORGET = Statement(delete(t.device_order).where(_o.site == b("site"), _o.ordered_at < b("before"), text("state <> 'open'")))
ADD_WAVE = Statement(insert(t.device_wave).values({c.name: b(c.name) for c in t.device_wave.columns}))
END_WAVE = Statement(
    update(t.device_wave).where(_w.site == b("k_site"), _w.id == b("k_id")).values({n: b(n) for n in ("state", "ended_at", "reason")})
)
WAVE = Statement(select(t.device_wave).where(_w.site == b("site"), _w.id == b("id")))
WAVES = Statement(
    select(t.device_wave).where(_w.site == b("site")).order_by(_w.started_at.desc(), _w.id.desc()).limit(b("most")).offset(ZERO)
)
RUNNING = Statement(select(t.device_wave).where(_w.site == b("site"), text("state = 'running'")).order_by(_w.id))
ADD_CONFIG = Statement(insert(t.device_config).values({c.name: b(c.name) for c in t.device_config.columns}))
CONFIGS = Statement(
    select(t.device_config).where(_c.site == b("site"), _c.device == b("device")).order_by(_c.version.desc()).limit(b("most")).offset(ZERO)
)
CONFIG_OF = Statement(select(t.device_config).where(_c.site == b("site"), _c.device == b("device"), _c.version == b("version")))
NEWEST = Statement(
    select(_c.device, func.max(_c.version).label("version"))
    .where(_c.site == b("site"), _c.changed_at <= b("before"))
    .group_by(_c.device)
    .order_by(_c.device)
)
LAST_CONFIG = Statement(select(func.max(_c.version).label("version")).where(_c.site == b("site")))
_f = t.device_file.c
ADD_FILE = Statement(insert(t.device_file).values({c.name: b(c.name) for c in t.device_file.columns}))
DROP_FILE = Statement(delete(t.device_file).where(_f.site == b("site"), _f.order_id == b("order_id")))
OLD_FILES = Statement(delete(t.device_file).where(_f.site == b("site"), _f.came_at < b("before")))
FILE = Statement(select(t.device_file).where(_f.site == b("site"), _f.order_id == b("order_id")))
FILE_ABOUT = Statement(select(_f.type, func.length(_f.content).label("bytes")).where(_f.site == b("site"), _f.order_id == b("order_id")))
NEWEST_FILES = Statement(select(_f.came_at).where(_f.site == b("site")).order_by(_f.came_at.desc()).limit(b("most")).offset(ZERO))
_e = event.c
LAST_OF = Statement(
    select(event).where(_e.site == b("site"), _e.subject == b("subject")).order_by(_e.seq.desc()).limit(b("most")).offset(ZERO)
)


class OrderReader:
    """What can be read of orders and of the settings of devices."""

    __slots__ = ()
    _sql: Runner

    def order(self, site: str, order: str) -> Row | None:
        """One order."""
        return self._sql.one(ONE, {"site": site, "id": order})

    def open_orders(self, site: str, device: str) -> list[Row]:
        """What a device is still to do, oldest first."""
        return self._sql.all(OPEN_OF, {"site": site, "device": device})

    def overdue_orders(self, site: str, now: int, most: int) -> list[Row]:
        """Open orders whose time is up."""
        return self._sql.all(OVERDUE, {"site": site, "now": now, "most": most})

    def orders_of(self, site: str, device: str, most: int) -> list[Row]:
        """A device's orders, newest first."""
        return self._sql.all(OF_DEVICE, {"site": site, "device": device, "most": most})

    def orders_of_wave(self, site: str, wave: str) -> list[Row]:
        """The orders that a wave has given so far."""
        return self._sql.all(OF_WAVE, {"site": site, "wave": wave})

    def recent_orders(self, site: str, most: int) -> list[Row]:
        """The site's orders, newest first."""
        return self._sql.all(RECENT, {"site": site, "most": most})

    def wave(self, site: str, wave: str) -> Row | None:
        """One wave."""
        return self._sql.one(WAVE, {"site": site, "id": wave})

    def waves(self, site: str, most: int) -> list[Row]:
        """The site's waves, newest first."""
        return self._sql.all(WAVES, {"site": site, "most": most})

    def running_waves(self, site: str) -> list[Row]:
        """Waves that go on."""
        return self._sql.all(RUNNING, {"site": site})

    def device_configs(self, site: str, device: str, most: int) -> list[Row]:
        """The versions of a device's own settings (`*`: of all), newest first."""
        return self._sql.all(CONFIGS, {"site": site, "device": device, "most": most})

    def device_config(self, site: str, device: str, version: int) -> Row | None:
        """One version."""
        return self._sql.one(CONFIG_OF, {"site": site, "device": device, "version": version})

    def newest_device_configs(self, site: str, before: int = 2**62) -> dict[str, int]:
        """Device (`*`: all) → the version that was in force at an instant; now, where none is told."""
        return {row["device"]: row["version"] for row in self._sql.all(NEWEST, {"site": site, "before": before})}

    def last_device_config(self, site: str) -> int:
        """The highest version of the site; 0 where nobody ever set anything."""
        row = self._sql.one(LAST_CONFIG, {"site": site})
        return int(row["version"] or 0) if row else 0

    def device_file(self, site: str, order: str) -> Row | None:
        """What a device brought for an order."""
        return self._sql.one(FILE, {"site": site, "order_id": order})

    def device_file_about(self, site: str, order: str) -> Row | None:
        """Its type and size alone."""
        return self._sql.one(FILE_ABOUT, {"site": site, "order_id": order})

    def last_events_of(self, site: str, subject: str, most: int) -> list[Event]:
        """The last events of one subject, newest first."""
        return [event_of(row) for row in self._sql.all(LAST_OF, {"site": site, "subject": subject, "most": most})]


class OrderWriter(OrderReader):
    """What one unit of work may change of them. All but files is called by the projections alone."""

    __slots__ = ()

    def add_order(self, row: dict[str, Any]) -> None:
        """A new order."""
        self._sql.do(ADD, row)

    def end_order(self, site: str, order: str, **ended: Any) -> None:
        """An order is over: how, when, and what came back."""
        self._sql.do(END, ended | {"k_site": site, "k_id": order})

    def forget_orders(self, site: str, before: int) -> None:
        """Orders older than an instant go; the log keeps that they were given."""
        self._sql.do(FORGET, {"site": site, "before": before})

    def add_wave(self, row: dict[str, Any]) -> None:
        """A wave begins."""
        self._sql.do(ADD_WAVE, row)

    def end_wave(self, site: str, wave: str, *, state: str, at: int, reason: str | None) -> None:
        """A wave is over."""
        self._sql.do(END_WAVE, {"k_site": site, "k_id": wave, "state": state, "ended_at": at, "reason": reason})

    def add_device_config(self, row: dict[str, Any]) -> None:
        """A new version of settings."""
        self._sql.do(ADD_CONFIG, row)

    def put_device_file(self, site: str, order: str, kind: str, content: bytes, *, at: int, before: int, most: int) -> None:
        """What a device brought, in the place of what it brought before; older ones than an instant go, and those above a number."""
        self._sql.do(DROP_FILE, {"site": site, "order_id": order})
        self._sql.do(ADD_FILE, {"site": site, "order_id": order, "type": kind, "content": content, "came_at": at})
        newest = self._sql.all(NEWEST_FILES, {"site": site, "most": most})
        oldest_kept = newest[-1]["came_at"] if len(newest) == most else 0
        self._sql.do(OLD_FILES, {"site": site, "before": max(before, oldest_kept)})
