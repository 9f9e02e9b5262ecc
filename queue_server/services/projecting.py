"""Tables beside tickets and counters that follow from the log: for each kind of event what it does to them.

Called for every event where it enters a log, on the server (`Unit`) and on a standby (`replicating`) alike, so both have the
same rows. Nothing else writes these tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from queue_server.domain.event import Event
from queue_server.services import figures_kept
from queue_server.services.projecting_alerts import ALERTED
from queue_server.services.projecting_fleet import ADMISSION
from queue_server.services.projecting_orders import ORDERED
from queue_server.services.projecting_outages import OUTAGES

if TYPE_CHECKING:
    from queue_server.storage.repository import Repository

Project = Callable[["Repository", Event], None]
ENROLMENTS_KEPT_MS = 30 * 24 * 3_600_000
ALERTS_KEPT_MS = 400 * 24 * 3_600_000  # a year and a month: what the page of availability can look back on
ORDERS_KEPT_MS = 30 * 24 * 3_600_000
SUPERSEDED = "superseded"  # a wanted slip that was wanted elsewhere before it was printed


def project(repository: Repository, event: Event) -> None:
    """Let an event change the tables that follow from the log."""
    change = PROJECTED.get(event.type)
    if change is not None:
        change(repository, event)


# ---------------------------------------------------------------- help in the hall
def _called(repository: Repository, event: Event) -> None:
    data = event.data
    repository.add_help_call({
        "site": event.site, "id": event.subject.removeprefix("help:"), "kind": "help", "place": data["place"], "need": data.get("need"),
        "state": "open", "called_at": event.at, "answered_at": None, "answered_by": None, "done_at": None,
    })  # fmt: skip


def _alarmed(repository: Repository, event: Event) -> None:
    """A counter's silent alarm stands among the calls until somebody has been there; pressed again it is the same one."""
    if any(call["kind"] == "alarm" and call["place"] == event.counter for call in repository.help_calls(event.site)):
        return
    repository.add_help_call({
        "site": event.site, "id": f"alarm-{event.seq}", "kind": "alarm", "place": event.counter or "", "need": event.data.get("reason"),
        "state": "open", "called_at": event.at, "answered_at": None, "answered_by": None, "done_at": None,
    })  # fmt: skip


def _answered(repository: Repository, event: Event) -> None:
    repository.answer_help_call(event.site, event.subject.removeprefix("help:"), at=event.at, by=event.actor)


def _done(repository: Repository, event: Event) -> None:
    repository.end_help_call(event.site, event.subject.removeprefix("help:"), at=event.at)


# ---------------------------------------------------------------- slips at a chosen kiosk
def _print_wanted(repository: Repository, event: Event) -> None:
    """One slip at a time: one that was wanted before and has not come out is wanted no more."""
    data, ticket = event.data, str(event.ticket)
    for job in repository.print_jobs_of(event.site, ticket):
        if job["outcome"] is None:
            repository.end_print_job(event.site, job["id"], outcome=SUPERSEDED, detail=None, at=event.at)
    repository.add_print_job({
        "site": event.site, "id": data["job"], "ticket": ticket, "device": data["device"], "reprint": int(data["reprint"]),
        "wanted_at": event.at, "outcome": None, "detail": None, "ended_at": None,
    })  # fmt: skip


def _print_outcome(repository: Repository, event: Event) -> None:
    job = event.data.get("job")
    if job:
        repository.end_print_job(event.site, job, outcome=event.data["outcome"], detail=event.data.get("detail"), at=event.at)


# ---------------------------------------------------------------- rush hour, and the day's end
def _rush_started(repository: Repository, event: Event) -> None:
    repository.put_rush(event.site, since=event.at, by=event.actor)


def _rush_ended(repository: Repository, event: Event) -> None:
    repository.put_rush(event.site, since=None, by=None)


def _day_closed(repository: Repository, event: Event) -> None:
    repository.forget_hall(event.site)
    repository.forget_alerts(event.site, event.at - ALERTS_KEPT_MS)
    repository.forget_orders(event.site, event.at - ORDERS_KEPT_MS)
    repository.forget_enrolments(event.site, event.at - ENROLMENTS_KEPT_MS)
    figures_kept.keep(repository, event.site, event.data["day"])


# ---------------------------------------------------------------- a counter's time
def _spell_over(repository: Repository, event: Event) -> None:
    """Paperwork or a pause has ended. What the day's close ends nobody observed; a reason told later ends no pause."""
    desk = repository.counter(event.site, str(event.counter))  # as it was before this event
    over = desk is not None and desk.state in ("wrapping_up", "paused") and event.type != f"counter.{desk.state}"
    if desk is None or desk.since is None or not over or event.data.get("reason") == "day_close":
        return
    repository.add_spell({
        "site": event.site, "seq": event.seq, "business_day": event.business_day, "counter": desk.code, "state": desk.state,
        "began_at": desk.since, "ended_at": event.at,
    })  # fmt: skip


PROJECTED: dict[str, Project] = {
    **ADMISSION,
    "help.called": _called,
    "help.answered": _answered,
    "help.done": _done,
    "counter.alarmed": _alarmed,
    "print_wanted": _print_wanted,
    "print_outcome": _print_outcome,
    "hall.rush_started": _rush_started,
    "hall.rush_ended": _rush_ended,
    "day.closed": _day_closed,
    "counter.resumed": _spell_over,
    "counter.paused": _spell_over,
    "counter.closed": _spell_over,
    **ORDERED,
    **ALERTED,
    **OUTAGES,
}
