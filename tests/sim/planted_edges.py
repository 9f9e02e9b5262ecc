"""Mistakes at the edges: the kiosk and its printer, the board, the dossier feed."""

from __future__ import annotations

from typing import Any

from display import board, relay
from drivers.devices import slip_sending, ticket_printer
from drivers.devices.confirmation import Confirmer
from drivers.devices.journal import Journal
from drivers.model import PrintJob
from kiosk import printing, slip, spool
from kiosk.agent import Agent
from kiosk.devices import DriversAway
from kiosk.events import ReportUnprinted
from kiosk.ids import uuid7
from kiosk.printing import Printing
from kiosk.spool import Spool
from kiosk.uplink import Uplink
from queue_server.client import Client
from queue_server.dossier import fold, payload
from queue_server.dossier import worker as feeding
from queue_server.dossier.adapters import Wait
from queue_server.dossier.payload import Feed
from queue_server.dossier.worker import Worker
from tests.sim.planted import Swap, nothing, plant, sometimes, spoiled, table


# ---------------------------------------------------------------- kiosk
@plant
def spool_forgets_before_sending() -> list[Swap]:
    """The command leaves the disk before it is answered."""
    kept = Uplink._send

    def send(self: Any, asked: Any) -> Any:
        self._agent.spool.answered(asked.request_id)
        return kept(self, asked)

    return [(Uplink, "_send", send)]


@plant
def new_request_id_each_time() -> list[Swap]:
    """A repeat is sent under another name."""
    kept = Uplink._send
    return [(Uplink, "_send", lambda self, asked: kept(self, spool.Command(uuid7(1), *list(vars(asked).values())[1:])))]


@plant
def report_forgotten() -> list[Swap]:
    """What became of the slip is told to nobody."""
    return [(spool, "insert", sometimes(spool.insert, nothing, 4))]


@plant
def every_slip_is_printed() -> list[Swap]:
    """Whatever the printer says."""
    return [(printing, "_outcome", lambda answer: ("printed", None))]


@plant
def unknown_is_told_as_not_sent() -> list[Swap]:
    """A doubt becomes a no."""
    calm = spoiled(printing._outcome, lambda told, *_: ("not_sent", told[1]) if told[0] == "unknown" else told)
    return [(printing, "_outcome", calm), (Printing, "_ask", lambda self, intent: ("not_sent", None))]


@plant
def slip_again_after_doubt() -> list[Swap]:
    """A slip nobody answered for is sent once more under another name."""
    kept = Printing._print

    def twice(self: Any, intent: Any) -> Any:
        told = kept(self, intent)
        if told is None or told[0] == "unknown":
            made = self.draw(intent)
            try:
                self._devices.print_raster(f"{intent.job_id}-again", made.data, made.width, made.height)
            except DriversAway:
                return told
        return told

    return [(Printing, "_print", twice)]


@plant
def job_sent_again_by_the_drivers() -> list[Swap]:
    """The drivers do not know a job that they have had."""
    kept = Printing._print

    def careless(self: Any, intent: Any) -> Any:
        told = kept(self, intent)
        return kept(self, intent) if told is None else told

    return [(Printing, "_print", careless), (Journal, "accept", nothing), (Journal, "find", nothing)]


@plant
def slip_of_the_person_before() -> list[Swap]:
    """Every fourth slip carries the number before."""
    kept, last = Printing.draw, []

    def draw(self: Any, intent: Any) -> Any:
        last.append(intent)
        return kept(self, last[-2] if len(last) % 4 == 0 else intent)

    return [(Printing, "draw", draw)]


@plant
def slip_in_utc() -> list[Swap]:
    """The time on the slip is seven hours off."""
    early = spoiled(slip.clock_text, lambda text, *_: f"{(int(text[:2]) - 7) % 24:02}{text[2:]}")
    return [(slip, "clock_text", early)]


@plant
def intent_not_on_disk() -> list[Swap]:
    """The slip to print is only in memory."""
    return [(spool, "_intend", nothing)]


@plant
def orphan_not_reported() -> list[Swap]:
    """A number whose person has gone is told to nobody."""
    kept = Agent._begin

    def begin(self: Any, effect: Any, answered: str | None = None) -> None:
        if isinstance(effect, ReportUnprinted):
            if answered:
                self.spool.answered(answered)
        else:
            kept(self, effect, answered)

    return [(Agent, "_begin", begin)]


@plant
def withdrawn_after_sending() -> list[Swap]:
    """A command that may have arrived is taken back."""

    def cut(self: Any, asked: Any, _: Any) -> bool:
        self._agent.spool.answered(asked.request_id)
        return True

    return [(Uplink, "_cut", cut)]


@plant
def answer_of_another() -> list[Swap]:
    """The kiosk hears the answer to the question before."""
    last: list[Any] = []

    def stale(told: Any, *_: Any) -> Any:
        last.append(told)
        return last[-2] if len(last) % 5 == 0 else told

    return [(Client, "issue", spoiled(Client.issue, stale))]


@plant
def resumes_nothing() -> list[Swap]:
    """After a start nobody looks at what was left on disk to print."""
    return [(Spool, "intents", lambda self: [])]


# ---------------------------------------------------------------- printer
@plant
def strip_left_hanging() -> list[Swap]:
    """A slip torn off in the middle is not cut off before the next."""
    kept = slip_sending.pieces_of
    return [(ticket_printer, "pieces_of", lambda job, profile, wreck: kept(job, profile, slip_sending.Wreck()))]


@plant
def never_cut() -> list[Swap]:
    """Slips hang together."""
    kept = ticket_printer.pieces_of

    def uncut(job: PrintJob, profile: Any, wreck: Any) -> list[bytes]:
        return kept(PrintJob(job.job_id, job.width_dots, job.height, job.raster, cut=False), profile, slip_sending.Wreck())

    return [(ticket_printer, "pieces_of", uncut)]


@plant
def silence_is_consent() -> list[Swap]:
    """A printer that does not answer has printed."""
    return [(Confirmer, "confirm", lambda *_, **__: (True, None))]


@plant
def torn_off_is_not_sent() -> list[Swap]:
    """A slip whose last byte was taken is told as not sent."""
    kept = ticket_printer.TicketPrinter.act

    def act(self: Any, port: Any, job: Any) -> Any:
        result, health = kept(self, port, job)
        if result.outcome is ticket_printer.Outcome.UNKNOWN:
            result = ticket_printer.JobResult(job.job_id, ticket_printer.Outcome.NOT_SENT, result.code, result.detail)
        return result, health

    return [(ticket_printer.TicketPrinter, "act", act)]


# ---------------------------------------------------------------- board
@plant
def board_keeps_the_served() -> list[Swap]:
    """Who was completed stays on the board."""
    return [(board, "EFFECTS", table(board.EFFECTS, completed=("", 0)))]


@plant
def board_counts_wrong() -> list[Swap]:
    """Who was sent on is not counted as waiting."""
    return [(board, "EFFECTS", table(board.EFFECTS, transferred=("drop", 0)))]


@plant
def board_misses_an_undo() -> list[Swap]:
    """An undone call stays."""
    return [(board, "ASK_AGAIN", board.ASK_AGAIN - {"undone"})]


@plant
def board_rings_twice() -> list[Swap]:
    """A row told twice is rung twice."""
    kept = board.on_row

    def deaf(now: Any, row: Any) -> Any:
        return kept(board.replace(now, position=(0, 0)), row)

    return [(board, "on_row", deaf), (relay, "on_row", deaf)]


@plant
def board_never_rings_again() -> list[Swap]:
    """A recall is shown and not heard."""
    return [(board, "EFFECTS", table(board.EFFECTS, recalled=("serve", 0)))]


@plant
def board_always_live() -> list[Swap]:
    """Silence is not noticed."""
    return [(board, "link_state", lambda *_: "live"), (relay, "link_state", lambda *_: "live")]


@plant
def snapshot_not_taken() -> list[Swap]:
    """After a row that needs a look nobody looks."""
    return [(relay.Relay, "_take_row", spoiled(relay.Relay._take_row, lambda *_: False))]


# ---------------------------------------------------------------- feed
@plant
def cursor_moved_before_sending() -> list[Swap]:
    """The place moves on, then the records go out, or not."""
    kept = Worker._read

    def read(self: Any, feed: Any) -> Any:
        page = kept(self, feed)
        if page is not None:
            self._state.move(feeding.replace(self._place, position=page.end, site=page.site))
        return page

    return [(Worker, "_read", read)]


@plant
def version_not_raised() -> list[Swap]:
    """A record that says something new has the old version."""
    low = spoiled(Feed._due, lambda record, *_: record and {**record, "PhienBan": 1})
    return [(Feed, "_due", low)]


@plant
def record_id_not_steady() -> list[Swap]:
    """A record's name depends on more than its step."""
    seen = [0]

    def name(site: str, ticket: str, step: int) -> str:
        seen[0] += 1
        return f"{site}:{ticket}:{step}:{seen[0] % 3}"

    return [(payload, "record_id", name)]


@plant
def feed_remembers_nothing() -> list[Swap]:
    """After a start the feed begins with an empty memory."""
    return [(Worker, "_recall", lambda self: Feed(self._names))]


@plant
def feed_misses_an_undo() -> list[Swap]:
    """What was undone is still told as done."""
    return [(fold, "EFFECTS", table(fold.EFFECTS, undone=nothing))]


@plant
def page_dropped_after_trouble() -> list[Swap]:
    """What could not be sent is not sent again."""
    kept = Worker.step

    def step(self: Any) -> bool:
        try:
            return kept(self)
        except Wait:
            if self._page is not None:
                self._page.due.clear()
            raise

    return [(Worker, "step", step)]


@plant
def feed_ends_with_the_call() -> list[Swap]:
    """The end of a visit is that of its last call."""

    def early(record: Any, *_: Any) -> Any:
        return record and {**record, "ThoiDiemKetThuc": record["ThoiDiemGoi"]}

    return [(Feed, "_due", spoiled(Feed._due, early))]
