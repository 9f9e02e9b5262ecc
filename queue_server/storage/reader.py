"""What can be looked at: the rows of a site, by name. No rules: those are the domain's.

A reader is bound to one connection inside one transaction, so that everything it returns is of one moment: domain
values for tickets, counters and events, plain rows for the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from queue_server.domain.counter import Counter
from queue_server.domain.event import Event
from queue_server.domain.visit import Ticket
from queue_server.storage import statements as s
from queue_server.storage.alerts import AlertReader
from queue_server.storage.bookings import BookingReader
from queue_server.storage.enrolments import FleetReader
from queue_server.storage.figures import FigureReader
from queue_server.storage.lines import LineReader
from queue_server.storage.orders import OrderReader
from queue_server.storage.outages import OutageReader
from queue_server.storage.rows import counter_of, event_of, ticket_of
from queue_server.storage.sql import Row, Runner, Statement

LABEL = re.compile(r"([A-Z]{1,2})(\d{3,9})")


def _named(services: Sequence[str]) -> dict[str, str]:
    return {f"s{n}": service for n, service in enumerate(services)}


class Reader(BookingReader, OrderReader, FleetReader, FigureReader, AlertReader, OutageReader, LineReader):
    """A consistent look at the database."""

    __slots__ = ("_sql", "entropy", "memo", "now_ms")

    def __init__(self, sql: Runner, now_ms: int, entropy: Callable[[int], bytes], memo: dict[Any, Any]) -> None:
        self._sql = sql
        self.memo = memo  # what was worked out once from rows of this database that never change
        self.now_ms = now_ms  # the moment of looking, by the process's clock
        self.entropy = entropy  # where ids and tokens come from: a seeded source makes a rehearsal repeatable

    # ------------------------------------------------------------ site
    def site(self, code: str) -> Row | None:
        """The site's row."""
        return self._sql.one(s.SITE, {"code": code})

    def sites(self) -> list[Row]:
        """Every site's row."""
        return self._sql.all(s.SITES, {})

    def site_by_board(self, token: str) -> Row | None:
        """The site whose boards open with this token."""
        return self._sql.one(s.SITE_BY_BOARD, {"board_token": token})

    def epochs(self, site: str) -> list[Row]:
        """The site's epochs, oldest first."""
        return self._sql.all(s.EPOCHS, {"site": site})

    def disowned(self, site: str) -> list[Row]:
        """Rows of branches that did not go on, kept for a person."""
        return self._sql.all(s.DISOWNED, {"site": site})

    def config_row(self, site: str, version: int) -> Row | None:
        """A version of the configuration as it is stored."""
        return self._sql.one(s.CONFIG, {"site": site, "version": version})

    def config(self, site: str, version: int) -> dict[str, Any]:
        """A version of the site's configuration document."""
        row = self._sql.one(s.CONFIG, {"site": site, "version": version})
        document: dict[str, Any] = json.loads(row["document"]) if row else {}
        return document

    # ------------------------------------------------------------ log
    def events_after(self, site: str, after: int, limit: int) -> list[Event]:
        """Up to `limit` rows of the log after a sequence number, in order."""
        return [event_of(row) for row in self._sql.all(s.EVENTS_AFTER, {"site": site, "after": after, "n": limit})]

    def events_of(self, site: str, subject: str) -> list[Event]:
        """Every event of one subject, in order."""
        return [event_of(row) for row in self._sql.all(s.EVENTS_OF, {"site": site, "subject": subject})]

    def events_of_cmd(self, site: str, cmd: str) -> list[Event]:
        """Every event that one command caused, in order."""
        return [event_of(row) for row in self._sql.all(s.EVENTS_OF_CMD, {"site": site, "cmd": cmd})]

    def seals(self, site: str) -> list[Row]:
        """The sealed days, oldest first."""
        return self._sql.all(s.SEALS, {"site": site})

    # ------------------------------------------------------------ tickets
    def ticket(self, site: str, ticket: str) -> Ticket | None:
        """One ticket of the site."""
        row = self._sql.one(s.TICKET, {"site": site, "id": ticket})
        return ticket_of(row) if row else None

    def ticket_by_token(self, token_hash: str) -> Ticket | None:
        """The ticket whose citizen's page opens with this token (its hash)."""
        row = self._sql.one(s.TICKET_BY_TOKEN, {"token_hash": token_hash})
        return ticket_of(row) if row else None

    def tickets_by_label(self, site: str, business_day: str, label: str) -> list[Ticket]:
        """The tickets of one day that carry this label."""
        found = LABEL.fullmatch(label)
        if found is None:
            return []
        return self._tickets(s.TICKETS_BY_NUMBER, site=site, business_day=business_day, series=found[1], number=int(found[2]))

    def tickets_by_dossier(self, site: str, dossier_code: str, limit: int = 20) -> list[Ticket]:
        """The tickets that named this dossier, newest first."""
        return self._tickets(s.TICKETS_BY_DOSSIER, site=site, dossier_code=dossier_code, n=limit)

    def tickets_of_number(self, site: str, business_day: str, number: int) -> list[Ticket]:
        """The tickets of one day with this number, of every series."""
        return self._tickets(s.TICKETS_OF_NUMBER, site=site, business_day=business_day, number=number)

    def tickets_naming(self, site: str, business_day: str, code: str, limit: int = 20) -> list[Ticket]:
        """The day's tickets with this dossier or appointment, on the slip or among what was done."""
        named = json.dumps({"dossier_code": code}, ensure_ascii=False, separators=(",", ":"))[1:-1]
        within = f"%{named.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        return self._tickets(s.TICKETS_OF_DAY_NAMING, site=site, business_day=business_day, code=code, within=within, n=limit)

    def waiting_for(self, site: str, counter: str) -> list[Ticket]:
        """Who waits for this counter and no other."""
        return self._tickets(s.WAITING_FOR, site=site, counter=counter)

    def absent_at(self, site: str, counter: str, since: int, limit: int = 20) -> list[Ticket]:
        """Who did not come to this counter since an instant, newest first."""
        return self._tickets(s.ABSENT_AT, site=site, counter=counter, since=since, n=limit)

    def moved_since(self, since: int) -> list[Row]:
        """Site and id of every ticket of this database that moved to another site since an instant."""
        return self._sql.all(s.MOVED_SINCE, {"since": since})

    def spells(self, site: str, business_day: str) -> list[Row]:
        """The stretches of a day in which counters wrapped up or stood paused."""
        return self._sql.all(s.SPELLS, {"site": site, "business_day": business_day})

    def tickets_of_day(self, site: str, business_day: str) -> list[Ticket]:
        """Every ticket issued on a business day, in order of issue."""
        return self._tickets(s.TICKETS_OF_DAY, site=site, business_day=business_day)

    def waiting(self, site: str, limit: int = 1000) -> list[Ticket]:
        """Waiting tickets in calling order."""
        return self._tickets(s.WAITING, site=site, n=limit)

    def at_counter(self, site: str, counter: str) -> Ticket | None:
        """Who is called or served at a counter."""
        found = self._tickets(s.AT_COUNTER, site=site, counter=counter)
        return found[0] if found else None

    def at_counters(self, site: str) -> list[Ticket]:
        """Everyone who is called or served."""
        return self._tickets(s.AT_COUNTERS, site=site)

    def free_counters(self, site: str) -> list[tuple[str, list[str]]]:
        """Counters that stand open with nobody at the desk, each with its services."""
        return [(row["code"], json.loads(row["services"])) for row in self._sql.all(s.FREE_COUNTERS, {"site": site})]

    def held(self, site: str) -> list[Ticket]:
        """Everyone on hold."""
        return self._tickets(s.HELD, site=site)

    def live_before(self, site: str, business_day: str) -> list[Ticket]:
        """Live tickets issued before a business day."""
        return self._tickets(s.LIVE_BEFORE, site=site, business_day=business_day)

    def live_of_holder(self, site: str, holder_key: str) -> list[Ticket]:
        """The live tickets of one holder."""
        return self._tickets(s.LIVE_OF_HOLDER, site=site, holder_key=holder_key)

    def behind(self, site: str, services: Sequence[str], effective_at: int, issued_seq: int, *, doubt: bool, limit: int) -> list[Ticket]:
        """Who waits after this place in the order, over these services: the nearest `limit`."""
        place = {"doubt": int(doubt), "effective_at": effective_at, "issued_seq": issued_seq, "n": limit}
        return self._tickets(s.behind(len(services)), site=site, **place, **_named(services))

    def next_for(self, site: str, counter: str, services: Sequence[str]) -> Ticket | None:
        """The first waiting ticket in calling order that a counter may call."""
        found = self._tickets(s.next_for(len(services)), site=site, counter=counter, **_named(services))
        return found[0] if found else None

    def count_ahead(self, site: str, services: Sequence[str], effective_at: int, issued_seq: int, doubt: bool = False) -> int:
        """How many wait before this place in the order, over these services."""
        params = {"site": site, "doubt": int(doubt), "effective_at": effective_at, "issued_seq": issued_seq, **_named(services)}
        return self._count(self._sql.one(s.ahead_of(len(services)), params))

    def taken(self, site: str, business_day: str) -> list[Row]:
        """How many numbers the day has seen, by the service they were taken for and the half-day: `taken_for`, `half`, `n`."""
        return self._sql.all(s.TAKEN, {"site": site, "business_day": business_day})

    def carried_numbers(self, site: str, business_day: str) -> frozenset[tuple[str, int]]:
        """Series and number of every slip of a day before that is still good on this day or later."""
        rows = self._sql.all(s.CARRIED_NUMBERS, {"site": site, "business_day": business_day})
        return frozenset((row["series"], row["number"]) for row in rows)

    def callers(self, site: str, services: Sequence[str], since: int) -> int:
        """How many counters have called people of these services since."""
        return self._count(self._sql.one(s.callers(len(services)), {"site": site, "since": since, **_named(services)}))

    def calls_by_class(self, site: str, services: Sequence[str], since: int) -> dict[str | None, int]:
        """People of these services called since, by priority class."""
        rows = self._sql.all(s.calls_by_class(len(services)), {"site": site, "since": since, **_named(services)})
        return {row["priority_class"]: row["n"] for row in rows}

    def recent_calls(self, site: str, services: Sequence[str], since: int, limit: int = 20) -> list[int]:
        """Instants of the last calls of these services, newest first."""
        rows = self._sql.all(s.recent_calls(len(services)), {"site": site, "since": since, "n": limit, **_named(services)})
        return [row["last_called_at"] for row in rows]

    def waiting_summary(self, site: str) -> list[Row]:
        """Waiting people by service (and by counter, where they wait for one): `n`, and `oldest` available_from."""
        return self._sql.all(s.WAITING_SUMMARY, {"site": site})

    def _tickets(self, statement: Statement, **params: Any) -> list[Ticket]:
        return [ticket_of(row) for row in self._sql.all(statement, params)]

    @staticmethod
    def _count(row: Row | None) -> int:
        return int(next(iter(dict(row).values()))) if row else 0

    def holders(self, site: str) -> dict[str, str]:
        """Ticket → hash of its holder, where that is still kept (until the close of the day)."""
        return {row["id"]: row["holder_key"] for row in self._sql.all(s.HOLDERS, {"site": site})}

    # ------------------------------------------------------------ counters, answers, leases
    def counter(self, site: str, code: str) -> Counter | None:
        """A counter as it stands."""
        row = self._sql.one(s.COUNTER, {"site": site, "code": code})
        return counter_of(row) if row else None

    def counters(self, site: str) -> list[Counter]:
        """Every counter of the site."""
        return [counter_of(row) for row in self._sql.all(s.COUNTERS, {"site": site})]

    def request(self, site: str, request_id: str) -> Row | None:
        """The stored answer of a command."""
        return self._sql.one(s.REQUEST, {"site": site, "request_id": request_id})

    def requests_since(self, site: str, since: int, limit: int = 5000) -> list[Row]:
        """Stored answers from an instant on, oldest first."""
        return self._sql.all(s.REQUESTS_SINCE, {"site": site, "since": since, "n": limit})

    def all_series(self, site: str) -> list[Row]:
        """Every series' row of every day."""
        return self._sql.all(s.ALL_SERIES, {"site": site})

    def lease(self, site: str, lease: str) -> Row | None:
        """A lease's row."""
        return self._sql.one(s.LEASE, {"site": site, "id": lease})

    def lease_entries(self, lease: str) -> list[Row]:
        """The numbers of a lease, in order."""
        return self._sql.all(s.LEASE_ENTRIES, {"lease": lease})

    def leases_before(self, site: str, business_day: str) -> list[Row]:
        """Leases of earlier days that were not burnt."""
        return self._sql.all(s.LEASES_BEFORE, {"site": site, "business_day": business_day})

    # ------------------------------------------------------------ the hall today
    def help_call(self, site: str, call: str) -> Row | None:
        """A help call of today."""
        return self._sql.one(s.HELP_CALL, {"site": site, "id": call})

    def help_calls(self, site: str) -> list[Row]:
        """Help calls that are not done, oldest first."""
        return self._sql.all(s.HELP_CALLS, {"site": site})

    def print_job(self, site: str, job: str) -> Row | None:
        """A slip that was wanted at a kiosk."""
        return self._sql.one(s.PRINT_JOB, {"site": site, "id": job})

    def print_jobs_of(self, site: str, ticket: str) -> list[Row]:
        """Where a ticket's slip was wanted today, oldest first."""
        return self._sql.all(s.PRINT_JOBS_OF_TICKET, {"site": site, "ticket": ticket})

    def print_jobs_for(self, site: str, device: str, since: int) -> list[Row]:
        """Slips that a kiosk should print: wanted since an instant, without an outcome."""
        return self._sql.all(s.PRINT_JOBS_FOR, {"site": site, "device": device, "since": since})

    def hall(self, site: str) -> Row | None:
        """Whether it is rush hour; None where nobody ever said so today."""
        return self._sql.one(s.HALL, {"site": site})

    # ------------------------------------------------------------ who, and devices
    def key_by_hash(self, key_hash: str) -> Row | None:
        """An API key's row."""
        return self._sql.one(s.KEY_BY_HASH, {"key_hash": key_hash})

    def keys(self) -> list[Row]:
        """Every API key, revoked ones too."""
        return self._sql.all(s.KEYS, {})

    def person_by_login(self, login: str) -> Row | None:
        """An account by its log-in name."""
        return self._sql.one(s.PERSON_BY_LOGIN, {"login": login})

    def people(self) -> list[Row]:
        """Every account."""
        return self._sql.all(s.PEOPLE, {})

    def session(self, token_hash: str) -> Row | None:
        """A session with its person's columns."""
        return self._sql.one(s.SESSION, {"token_hash": token_hash})

    def device(self, site: str, device: str) -> Row | None:
        """A device's row."""
        return self._sql.one(s.DEVICE, {"site": site, "device": device})

    def devices(self, site: str) -> list[Row]:
        """Every device that ever reported."""
        return self._sql.all(s.DEVICES, {"site": site})

    def all_devices(self) -> list[Row]:
        """Every device of every site."""
        return self._sql.all(s.ALL_DEVICES, {})
