"""One unit of work: a site held still, the events that a command causes, and the rows they change.

Every change goes through `ticket_event`, `counter_event` or `event`, which let the event in by the domain's one door,
put the row and chain the log. Nothing is sent from here: whoever wants to know reads the log behind its own cursor.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, counter, ticket
from queue_server.domain.config import SiteConfig, parse
from queue_server.domain.counter import Counter
from queue_server.domain.errors import Refusal
from queue_server.domain.event import Event, chain_hash
from queue_server.domain.principal import Principal
from queue_server.domain.visit import Ticket
from queue_server.services.ids import uuid7
from queue_server.services.projecting import project

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.repository import Repository
    from queue_server.storage.sql import Row


class Configs:
    """Parsed configurations: a version never changes, so each is parsed once per database."""

    @staticmethod
    def of(reader: Reader, site: Row) -> SiteConfig:
        """The configuration in force at a site."""
        place = ("config", site["code"], site["config_version"])
        kept: SiteConfig | None = reader.memo.get(place)
        if kept is None:
            kept = reader.memo[place] = parse(reader.config(site["code"], site["config_version"]))
        return kept


class Unit:
    """What a use-case works with. `now_ms` is site time: never earlier than the log's last row."""

    def __init__(self, repository: Repository, site: str, cmd: str, who: Principal) -> None:
        row = repository.lock_site(site)
        if row is None:
            raise Refusal("not_found", what="site")
        self.repository, self.site, self.cmd, self.who = repository, site, cmd, who
        self.row = row
        self.config = Configs.of(repository, row)
        self.now_ms = max(repository.now_ms, row["last_at"])
        self.business_day = calendar.business_day(self.now_ms, self.config.utc_offset_min)
        self._seq: int = row["seq"]
        self._day: str = row["day"]
        self._hash: str = row["day_hash"]
        self.config_version: int = row["config_version"]
        self.events: list[Event] = []

    # ------------------------------------------------------------ reading with a refusal
    def ticket(self, ticket_id: str) -> Ticket:
        """A ticket of this site, or `not_found`."""
        found = self.repository.ticket(self.site, ticket_id)
        if found is None:
            raise Refusal("not_found", what="ticket")
        return found

    def counter(self, code: str) -> Counter:
        """A counter of this site, or `not_found`."""
        self.config.known_counter(code)
        found = self.repository.counter(self.site, code)
        if found is None:
            found = Counter(self.site, code)
            self.repository.add_counter(found)
        return found

    def new_id(self) -> str:
        """A fresh UUIDv7."""
        return uuid7(self.now_ms, self.repository.entropy)

    @property
    def log_hash(self) -> str:
        """The hash of the log's last row: names the state of the site."""
        return self._hash

    # ------------------------------------------------------------ changing
    def event(self, kind: str, subject: str, data: dict[str, Any], **about: Any) -> Event:
        """Put one row at the end of the log; the first of a business day opens the day."""
        if self._day != self.business_day:
            self._day, self._hash = self.business_day, ""
            self._append("day.opened", f"day:{self.business_day}", {})
        return self._append(kind, subject, data, **about)

    def _append(self, kind: str, subject: str, data: dict[str, Any], **about: Any) -> Event:
        self._seq += 1
        blank = Event(
            site=self.site,
            epoch=self.row["epoch"],
            seq=self._seq,
            at=self.now_ms,
            type=kind,
            subject=subject,
            business_day=self.business_day,
            cmd=self.cmd,
            actor=self.who.actor,
            config_version=self.config_version,
            data=data,
            **about,
        )
        event = _with_hash(blank, chain_hash(self._hash, blank))
        self._hash = event.hash
        self.events.append(event)
        project(self.repository, event)
        return event

    def next_seq(self) -> int:
        """The sequence number that the next event will have (an event that opens the day counted)."""
        return self._seq + (1 if self._day == self.business_day else 2)

    def ticket_event(self, subject: Ticket, kind: str, data: dict[str, Any], *, at_counter: str | None = None) -> Ticket:
        """Let an event in on a ticket and put its row."""
        probe = self._probe(kind, data, subject, at_counter)
        after = ticket.apply(subject, probe)  # refused here, before anything is written
        self.event(kind, f"ticket:{subject.id}", data, ticket=subject.id, label=subject.label, service=probe.service, counter=probe.counter)
        self.repository.put_ticket(subject, after)
        return after

    def _probe(self, kind: str, data: dict[str, Any], subject: Ticket, at_counter: str | None) -> Event:
        """The event before it has its place in the log. It names the service of the step that it happens to."""
        service = data["service"] if kind == "corrected" and data.get("service") else subject.service
        return Event(
            self.site, self.row["epoch"], self.next_seq(), self.now_ms, kind, "", self.business_day, self.cmd, "", 0, data,
            subject.id, subject.label, service, at_counter or subject.counter,
        )  # fmt: skip

    def issued(
        self, ticket_id: str, label: str, service: str, data: dict[str, Any], holder_key: str | None, *, kind: str = "issued"
    ) -> Ticket:
        """Let a new ticket into the log (`arrived`: one that is new here alone) and put its row."""
        event = self.event(kind, f"ticket:{ticket_id}", data, ticket=ticket_id, label=label, service=service)
        made = ticket.apply(None, event)
        self.repository.add_ticket(made, holder_key)
        return made

    def counter_event(self, subject: Counter, kind: str, data: dict[str, Any]) -> Counter:
        """Let an event in on a counter and put its row."""
        probe = Event(self.site, 0, 0, self.now_ms, kind, "", self.business_day, self.cmd, "", 0, data)
        after = counter.apply(subject, probe)
        self.event(kind, f"counter:{subject.code}", data, counter=subject.code)
        self.repository.put_counter(after)
        return after

    def finish(self) -> None:
        """Write the log's new rows and the site's new end of log."""
        if not self.events:
            return
        self.repository.add_events(self.events)
        self.repository.advance_site(self.site, seq=self._seq, last_at=self.now_ms, day=self._day, day_hash=self._hash)


def _with_hash(event: Event, digest: str) -> Event:
    object.__setattr__(event, "hash", digest)  # the one field that is computed from all the others
    return event


@lru_cache(maxsize=1024)
def pool(config: SiteConfig, service: str) -> tuple[str, ...]:
    """The services that compete for the same counters as this one, itself included: who is really ahead of whom."""
    shared = {service}
    for code in config.counters:
        served = config.served_by(code)
        if service in served:
            shared.update(served)
    return tuple(sorted(shared))
