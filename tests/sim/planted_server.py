"""Mistakes in the server: numbers, order, repeats, undo, leases, the log and the close of the day."""

from __future__ import annotations

from typing import Any

from queue_server.domain import calendar, numbering, routing
from queue_server.services import calling, closing, days, issuing, leasing, queries, undoing, unit
from queue_server.storage.reader import Reader
from queue_server.storage.repository import Repository
from tests.sim.planted import Swap, nothing, plant, sometimes, spoiled, without
from tests.sim.world import Edged


@plant
def number_not_incremented() -> list[Swap]:
    """The next number is the last one."""
    return [(numbering, "next_ordinary", lambda last: max(1, last))]


@plant
def number_skipped() -> list[Swap]:
    """Two at a time."""
    return [(numbering, "next_ordinary", lambda last: last + 2)]


@plant
def label_without_noughts() -> list[Swap]:
    """The label is not what slips have always said."""
    return [(numbering, "label", lambda series, number: f"{series}{number}")]


@plant
def day_in_utc() -> list[Swap]:
    """The business day rolls at 07:00."""
    kept = calendar.business_day
    return [(calendar, "business_day", lambda at_ms, offset_min: kept(at_ms, 0))]


@plant
def repeat_not_recognised() -> list[Swap]:
    """A repeated request id is a new command."""
    kept = Repository.add_request
    found = Repository.request

    def once(self: Any, row: Any) -> None:
        if found(self, row["site"], row["request_id"]) is None:
            kept(self, row)

    return [(Repository, "request", nothing), (Repository, "add_request", once)]


@plant
def answer_not_stored() -> list[Swap]:
    """What was answered is forgotten."""
    return [(Repository, "add_request", nothing)]


@plant
def order_by_issue() -> list[Swap]:
    """Whoever came first is first, whatever their credit."""
    return [(Reader, "next_for", _first_by(lambda ticket: ticket.issued_seq))]


@plant
def order_newest_first() -> list[Swap]:
    """The last comer is called."""
    return [(Reader, "next_for", _first_by(lambda ticket: -ticket.issued_seq))]


@plant
def next_of_any_service() -> list[Swap]:
    """A counter calls people whom it does not serve."""
    return [(Reader, "next_for", _first_by(lambda ticket: ticket.effective_at, anybody=True))]


def _first_by(key: Any, *, anybody: bool = False) -> Any:
    def first(self: Any, site: str, counter: str, services: Any) -> Any:
        waiting = self.waiting(site)
        mine = [one for one in waiting if anybody or (one.for_counter == counter if one.for_counter else one.service in services)]
        return min(mine, key=key, default=None)

    return first


@plant
def priority_forgotten() -> list[Swap]:
    """Who has priority waits like everybody."""
    return [(issuing, "credits_of", lambda *_: {})]


@plant
def transfer_without_credit() -> list[Swap]:
    """Who was sent on stands at the end."""
    kept = routing.effective
    return [(routing, "effective", lambda arrived, credits: kept(arrived, without(credits, "transfer")))]


@plant
def released_goes_to_the_end() -> list[Swap]:
    """Who goes back to the pool loses the place."""
    kept = calling._act

    def act(unit: Any, desk: Any, ticket: Any, name: str, fields: Any) -> Any:
        after = kept(unit, desk, ticket, name, fields)
        if name == "release":
            behind = calling.replace(after, effective_at=unit.now_ms)
            unit.repository.put_ticket(after, behind)
            return behind
        return after

    return [(calling, "_act", act)]


@plant
def undo_restores_nothing() -> list[Swap]:
    """An undo is written down and changes nothing."""
    return [(undoing, "difference", lambda now, before: {})]


@plant
def undo_doubles() -> list[Swap]:
    """Each event is reversed twice."""
    kept = undoing._reverse
    return [(undoing, "_reverse", lambda *about: (kept(*about), kept(*about))[1])]


@plant
def undo_takes_back_half() -> list[Swap]:
    """Of a command that did two things only the last is reversed."""
    return [(Reader, "events_of_cmd", spoiled(Reader.events_of_cmd, lambda rows, *_: rows[-1:]))]


@plant
def settled_again() -> list[Swap]:
    """A settled number is not known as settled."""
    fresh = spoiled(Reader.lease_entries, lambda rows, *_: [{**dict(row), "settled_at": None} for row in rows])
    return [(Reader, "lease_entries", fresh)]


@plant
def settled_at_the_wrong_time() -> list[Swap]:
    """Whoever took a leased number stands where the settling was."""
    return [(leasing, "given_out", spoiled(leasing.given_out, lambda data, unit, *_: data | {"issued_at": unit.now_ms}))]


@plant
def settling_forgets_some() -> list[Swap]:
    """Every third ticket is answered for and not entered."""

    def skip(unit: Any, row: Any, entries: Any, told: Any, n: int) -> Any:
        return {"number": told["number"], "ticket_id": told["ticket_id"], "result": "settled"}

    return [(leasing, "_settle_one", sometimes(leasing._settle_one, skip, 3))]


@plant
def lease_from_the_ordinary_numbers() -> list[Swap]:
    """The band begins where the ordinary numbers do."""
    return [(numbering, "RESERVE_FIRST", 3), (numbering, "next_ordinary", lambda last: last + 1)]


@plant
def row_of_the_log_lost() -> list[Swap]:
    """A command that says three things writes two."""
    kept = Repository.add_events
    return [(Repository, "add_events", lambda self, rows: kept(self, rows[:-1] if len(rows) > 2 else rows))]


@plant
def chain_broken() -> list[Swap]:
    """Rows are hashed without the row before."""
    kept = unit.chain_hash
    return [(unit, "chain_hash", lambda previous, event: kept("", event))]


@plant
def serving_not_written() -> list[Swap]:
    """The start of service is acknowledged and not in the log."""
    kept = unit.Unit.finish

    def finish(self: Any) -> None:
        if [event.type for event in self.events] != ["serving_started"]:
            kept(self)

    return [(unit.Unit, "finish", finish)]


@plant
def commit_believed_too_early() -> list[Swap]:
    """Answers go out before their commit, and some commits never come."""

    def execute(self: Any, text: str, *values: Any) -> Any:
        if text == "COMMIT" and self._edge() < 0:
            return self._inner.execute("ROLLBACK")
        return self._inner.execute(text, *values)

    return [(Edged, "execute", execute)]


@plant
def absent_stays_called() -> list[Swap]:
    """A no-show's row is not written."""
    kept = Repository.put_ticket
    return [(Repository, "put_ticket", lambda self, before, after: None if after.state == "no_show" else kept(self, before, after))]


@plant
def called_to_another_counter() -> list[Swap]:
    """The call names the next counter."""
    kept = unit.Unit.ticket_event

    def event(self: Any, subject: Any, kind: str, data: Any, *, at_counter: str | None = None) -> Any:
        wrong = {"1": "3", "3": "1"}.get(at_counter or "", at_counter)
        return kept(self, subject, kind, data, at_counter=wrong)

    return [(unit.Unit, "ticket_event", event)]


@plant
def day_never_closed() -> list[Swap]:
    """Midnight passes and nobody notices."""
    return [(closing, "close_if_over", lambda unit: False), (days, "close_if_over", lambda unit: False)]


@plant
def completed_twice() -> list[Swap]:
    """Who was served is completed by the counter's next as well."""
    kept = calling._end

    def end(unit: Any, desk: Any, ticket: Any, how: str) -> None:
        kept(unit, desk, ticket, how)
        unit.event("completed", f"ticket:{ticket.id}", {"outcome": "done"}, ticket=ticket.id, label=ticket.label, service=ticket.service)

    return [(calling, "_end", end)]


@plant
def issued_at_again_and_again() -> list[Swap]:
    """One touch, two numbers."""
    kept = issuing.issue

    def issue(unit: Any, **fields: Any) -> Any:
        if fields.get("source") == "desk":
            kept(unit, **fields)
        return kept(unit, **fields)

    return [(issuing, "issue", issue)]


@plant
def wrong_answer_kept() -> list[Swap]:
    """A repeat gets the answer that the same call gave before."""
    last: dict[str, Any] = {}
    kept = Repository.request

    def request(self: Any, site: str, request_id: str) -> Any:
        row = kept(self, site, request_id)
        if row is None:
            return None
        call = row["fingerprint"].rpartition(" ")[0]
        before = last.get(call, row)
        last[call] = row
        return {**dict(row), "body": before["body"]}

    return [(Repository, "request", request)]


@plant
def rows_missing_from_the_feed() -> list[Swap]:
    """Whoever reads the log is not told of completions by `next`."""

    def cut(body: Any, *_: Any) -> Any:
        return {**body, "events": [row for row in body["events"] if row["type"] != "completed"]}

    return [(queries, "events", spoiled(queries.events, cut))]


@plant
def site_time_runs_back() -> list[Swap]:
    """The clock of the machine is believed as it is, and it is not even."""
    kept = unit.Unit.__init__

    def begin(self: Any, *about: Any) -> None:
        kept(self, *about)
        self.now_ms -= (self.now_ms // 1000 % 7) * 3000

    return [(unit.Unit, "__init__", begin)]
