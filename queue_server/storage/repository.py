"""What one unit of work may change: the rows of a site, by name. No rules: those are the domain's.

A repository is a reader that also writes, inside the one transaction of its unit of work. Two rows are changed by nearly
every unit, the site's and the series': those are held in memory while the site is, and written once for all the units of
a group (`flush`). `mark` and `back_to` do for them what a SAVEPOINT does for everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from queue_server.domain.counter import Counter
from queue_server.domain.event import Event
from queue_server.domain.visit import Ticket
from queue_server.storage import statements as s
from queue_server.storage.alerts import AlertWriter
from queue_server.storage.bookings import BookingWriter
from queue_server.storage.enrolments import FleetWriter
from queue_server.storage.figures import FigureWriter
from queue_server.storage.orders import OrderWriter
from queue_server.storage.outages import OutageWriter
from queue_server.storage.reader import Reader
from queue_server.storage.rows import counter_row, dumps, event_row, ticket_changes, ticket_row
from queue_server.storage.sql import Row, Runner

SERIES_KEY = ("site", "business_day", "series")
Mark = tuple[dict[Any, Row], frozenset[Any]]


class Repository(Reader, BookingWriter, OrderWriter, FleetWriter, FigureWriter, AlertWriter, OutageWriter):
    """The changes of one unit of work."""

    __slots__ = ("_changed", "_held")

    def __init__(self, sql: Runner, now_ms: int, entropy: Callable[[int], bytes], memo: dict[Any, Any]) -> None:
        super().__init__(sql, now_ms, entropy, memo)
        self._held: dict[Any, Row] = {}  # a site's row by its code, a series' row by its key
        self._changed: frozenset[Any] = frozenset()

    # ------------------------------------------------------------ rows held in memory
    def mark(self) -> Mark:
        """Where the held rows stand now."""
        return dict(self._held), self._changed

    def back_to(self, mark: Mark) -> None:
        """The held rows as they were."""
        self._held, self._changed = mark

    def flush(self) -> None:
        """Write the held rows that have changed."""
        for key in self._changed:
            row = self._held[key]
            if isinstance(key, str):
                self._sql.do(s.ADVANCE_SITE, {"k_code": key} | {name: row[name] for name in ("seq", "last_at", "day", "day_hash")})
            else:
                keys = {f"k_{name}": row[name] for name in SERIES_KEY}
                self._sql.do(s.SET_LAST_NUMBERS, keys | {name: row[name] for name in ("last_number", "last_reserved")})
        self._changed = frozenset()

    def forget(self) -> None:
        """The transaction is over: others may change these rows now."""
        self._held, self._changed = {}, frozenset()

    def _note(self, key: Any, *, late: bool = False, **values: Any) -> bool:
        """Change a row that is held; `late` ones are written by `flush`. False where it is not held."""
        if key not in self._held:
            return False
        self._held[key] = {**self._held[key], **values}
        if late:
            self._changed |= {key}
        return True

    # ------------------------------------------------------------ site
    def lock_site(self, code: str) -> Row | None:
        """The site's row, held until the commit: a site is a serial machine (SQLite has one writer anyway)."""
        row = self._held.get(code)
        if row is None and (found := self._sql.one(s.SITE_LOCKED, {"code": code})) is not None:
            row = self._held[code] = dict(found)
        return row

    def site(self, code: str) -> Row | None:
        """The site's row as this unit sees it."""
        return self._held.get(code) or super().site(code)

    def sites(self) -> list[Row]:
        """Every site's row as this unit sees them."""
        self.flush()
        return super().sites()

    def add_site(self, row: dict[str, Any]) -> None:
        """A new site."""
        self._sql.do(s.INSERT_SITE, row)

    def advance_site(self, code: str, *, seq: int, last_at: int, day: str, day_hash: str) -> None:
        """The row of a site that is held, after the events of this unit of work."""
        self._note(code, late=True, seq=seq, last_at=last_at, day=day, day_hash=day_hash)

    def start_epoch(self, row: dict[str, Any]) -> None:
        """A new epoch, perhaps one that was only heard of before."""
        if any(each["epoch"] == row["epoch"] for each in self.epochs(row["site"])):
            self._sql.do(s.SET_EPOCH, {**row, "k_site": row["site"], "k_epoch": row["epoch"]})
        else:
            self._sql.do(s.INSERT_EPOCH, row)
        self._sql.do(s.SET_SITE_EPOCH, {"k_code": row["site"], "epoch": row["epoch"]})
        self._note(row["site"], epoch=row["epoch"])

    def note_epoch(self, row: dict[str, Any]) -> None:
        """An epoch that began on another server: this one is fenced from now on. Heard twice at once it is noted once."""
        if all(each["epoch"] != row["epoch"] for each in self.epochs(row["site"])):
            self._sql.do(s.INSERT_EPOCH, row)

    def add_config(self, row: dict[str, Any], name: str) -> None:
        """A new version of the configuration, in force from now."""
        self._sql.do(s.INSERT_CONFIG, row)
        self._sql.do(s.SET_SITE_CONFIG, {"k_code": row["site"], "config_version": row["version"], "name": name})
        self._note(row["site"], config_version=row["version"], name=name)

    def add_events(self, events: Iterable[Event]) -> None:
        """Rows of the log."""
        self._sql.many(s.INSERT_EVENT, map(event_row, events))

    def add_disowned(self, rows: Iterable[dict[str, Any]]) -> None:
        """Rows of a branch that did not go on."""
        self._sql.many(s.INSERT_DISOWNED, rows)

    def add_seal(self, row: dict[str, Any]) -> None:
        """A day's seal."""
        self._sql.do(s.INSERT_SEAL, row)
        self._sql.do(s.SET_SITE_SEAL, {"k_code": row["site"], "previous_seal": row["digest"]})
        self._note(row["site"], previous_seal=row["digest"])

    def add_ticket(self, ticket: Ticket, holder_key: str | None) -> None:
        """A new ticket."""
        self._sql.do(s.INSERT_TICKET, ticket_row(ticket) | {"holder_key": holder_key})

    def put_ticket(self, before: Ticket, after: Ticket) -> None:
        """A ticket as an event has made it: what differs from the ticket that was read."""
        changed = ticket_changes(before, after)
        if changed:
            self._sql.do(s.update_ticket(tuple(changed)), changed | {"k_id": after.id, "k_site": after.site})

    def forget_holders(self, site: str, before_day: str) -> None:
        """Wipe the keyed hashes of earlier days."""
        self._sql.do(s.FORGET_HOLDERS, {"site": site, "business_day": before_day})

    def add_counter(self, counter: Counter) -> None:
        """A new counter."""
        self._sql.do(s.INSERT_COUNTER, counter_row(counter))

    def put_counter(self, counter: Counter) -> None:
        """A counter as its events have made it."""
        row = counter_row(counter)
        self._sql.do(s.UPDATE_COUNTER, row | {"k_site": row.pop("site"), "k_code": row.pop("code")})

    def add_spell(self, row: dict[str, Any]) -> None:
        """A stretch of a counter's time that is over."""
        self._sql.do(s.INSERT_SPELL, row)

    def series(self, site: str, business_day: str, series: str) -> Row:
        """The day's row of a series; made on its first use. It is held as the site is."""
        key = (site, business_day, series)
        row = self._held.get(key)
        if row is None:
            params = dict(zip(SERIES_KEY, key, strict=True))
            found = self._sql.one(s.SERIES, params)
            row = dict(found) if found is not None else {**params, "last_number": 0, "last_reserved": 0}
            if found is None:
                self._sql.do(s.INSERT_SERIES, row)
            self._held[key] = row
        return row

    def set_last_number(self, site: str, business_day: str, series: str, last: int, *, reserved: bool = False) -> None:
        """The last ordinary (or reserved) number given out."""
        self.series(site, business_day, series)
        self._note((site, business_day, series), late=True, **{"last_reserved" if reserved else "last_number": last})

    def all_series(self, site: str) -> list[Row]:
        """Every series' row of every day, as this unit sees them."""
        self.flush()
        return super().all_series(site)

    def add_request(self, row: dict[str, Any]) -> None:
        """A command's first answer."""
        self._sql.do(s.INSERT_REQUEST, row)

    def forget_requests(self, site: str, before: int) -> None:
        """Drop answers older than an instant."""
        self._sql.do(s.FORGET_REQUESTS, {"site": site, "before": before})

    def add_lease(self, row: dict[str, Any], entries: Iterable[dict[str, Any]]) -> None:
        """A lease with its numbers."""
        self._sql.do(s.INSERT_LEASE, row)
        self._sql.many(s.INSERT_LEASE_ENTRY, entries)

    def burn_lease(self, lease: str) -> None:
        """No more numbers from this lease."""
        self._sql.do(s.SET_LEASE_STATE, {"k_id": lease, "state": "burnt"})

    def settle_entry(self, lease: str, number: int, at: int) -> None:
        """A leased number that was really given out."""
        self._sql.do(s.SETTLE_ENTRY, {"k_lease": lease, "k_number": number, "settled_at": at})

    def add_help_call(self, row: dict[str, Any]) -> None:
        """Somebody in the hall wants help."""
        self._sql.do(s.INSERT_HELP_CALL, row)

    def answer_help_call(self, site: str, call: str, *, at: int, by: str) -> None:
        """Somebody goes there."""
        self._sql.do(s.ANSWER_HELP_CALL, {"k_site": site, "k_id": call, "state": "answered", "answered_at": at, "answered_by": by})

    def end_help_call(self, site: str, call: str, *, at: int) -> None:
        """Helped."""
        self._sql.do(s.END_HELP_CALL, {"k_site": site, "k_id": call, "state": "done", "done_at": at})

    def add_print_job(self, row: dict[str, Any]) -> None:
        """A slip is wanted at a kiosk."""
        self._sql.do(s.INSERT_PRINT_JOB, row)

    def end_print_job(self, site: str, job: str, *, outcome: str, detail: str | None, at: int) -> None:
        """What became of it."""
        self._sql.do(s.END_PRINT_JOB, {"k_site": site, "k_id": job, "outcome": outcome, "detail": detail, "ended_at": at})

    def put_rush(self, site: str, *, since: int | None, by: str | None) -> None:
        """Rush hour begins (`since`) or is over (None)."""
        row = {"rush_since": since, "rush_by": by}
        if not self._sql.touched(s.UPDATE_HALL, row | {"k_site": site}):
            self._sql.do(s.INSERT_HALL, row | {"site": site})

    def forget_hall(self, site: str) -> None:
        """The day is over: its help calls, wanted slips and rush hour."""
        for statement in s.FORGET_HALL:
            self._sql.do(statement, {"site": site})

    def add_key(self, row: dict[str, Any]) -> None:
        """A new API key (its hash)."""
        self._sql.do(s.INSERT_KEY, row)

    def revoke_key(self, key: str, at: int) -> int:
        """End an API key."""
        return self._sql.touched(s.REVOKE_KEY, {"k_id": key, "revoked_at": at})

    def add_person(self, row: dict[str, Any]) -> None:
        """A new account."""
        self._sql.do(s.INSERT_PERSON, row)

    def set_failures(self, person: str, failures: int, locked_until: int | None) -> None:
        """Failed log-ins in a row, and until when the account is locked."""
        self._sql.do(s.SET_PERSON_FAILURES, {"k_id": person, "failures": failures, "locked_until": locked_until})

    def set_password(self, person: str, password_hash: str) -> None:
        """A new password; every session of the person ends."""
        self._sql.do(s.SET_PERSON_PASSWORD, {"k_id": person, "password_hash": password_hash, "failures": 0, "locked_until": None})
        self._sql.do(s.DELETE_SESSIONS_OF, {"person": person})

    def set_disabled(self, person: str, at: int | None) -> None:
        """An account that may not log in any more, or may again; every session of the person ends."""
        self._sql.do(s.SET_PERSON_DISABLED, {"k_id": person, "disabled_at": at})
        self._sql.do(s.DELETE_SESSIONS_OF, {"person": person})

    def add_session(self, row: dict[str, Any]) -> None:
        """A new session; those that have expired go."""
        self._sql.do(s.DELETE_OLD_SESSIONS, {"now": row["created_at"]})
        self._sql.do(s.INSERT_SESSION, row)

    def end_session(self, token_hash: str) -> None:
        """Log out."""
        self._sql.do(s.DELETE_SESSION, {"token_hash": token_hash})

    def put_device(self, site: str, device: str, *, role: str, version: str | None, last_seen_at: int, report: dict[str, Any]) -> None:
        """A device's newest report."""
        row = {"role": role, "version": version, "last_seen_at": last_seen_at, "report": dumps(report)}
        if not self._sql.touched(s.UPDATE_DEVICE, row | {"k_site": site, "k_device": device}):
            self._sql.do(s.INSERT_DEVICE, row | {"site": site, "device": device, "state": "known", "public_key": None})

    def put_aside(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        """Keys, accounts or devices as another server has them; rows are added and changed, never taken away."""
        if table not in s.ASIDE:  # a newer server's: what it is for comes with its version
            return
        change, add, key = s.ASIDE[table]
        for row in rows:
            keys = {f"k_{name}": row[name] for name in key}
            if not self._sql.touched(change, keys | {name: value for name, value in row.items() if name not in key}):
                self._sql.do(add, row)
