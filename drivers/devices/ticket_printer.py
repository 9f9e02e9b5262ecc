"""A receipt printer as a device: look at it, send one slip, learn whether it came out.

Holds the ladder of confirmation and the rule that nothing is ever sent twice. Bytes are made by `drivers.escpos_bytes`,
read by `codecs.escpos_status`, moved by a port; the slot's life is `link`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drivers import escpos_bytes
from drivers.codecs.escpos_status import Answer, Question, process_id
from drivers.devices.confirmation import Confirmation
from drivers.devices.journal import Journal
from drivers.devices.printer_talk import Talk
from drivers.health import STOPPING, Health, PaperLow, printer_health
from drivers.model import JobResult, Outcome, PrintJob
from drivers.ports.base import Gone, Port, PortError, Timeout, Waker
from drivers.quirks import Profile

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.registry import Parts

ROLES = ("printer",)
OPTIONS: dict[str, type] = {"profile": str, "poll_s": float}

SLICE_S = 0.5  # while waiting for a confirmation, how often the printer is asked whether it has stopped
SICK_POLL_S = 1.0
UNASKED_S = 0.25
UNCONFIRMED_S = 1.0
KERNEL_BYTES = 4096  # written, as far as we were told, and still on its way down a serial line


def build(wanted: SlotConfig, parts: Parts) -> TicketPrinter:
    if wanted.profile is None:
        raise ValueError("a printer has a profile")
    baud = wanted.address.baud if wanted.address and wanted.address.kind == "serial" else None
    return TicketPrinter(wanted.profile, parts.journal, poll_s=wanted.options.get("poll_s", 5.0), baud=baud)


def facts(wanted: SlotConfig) -> dict[str, Any]:
    return {"width_dots": wanted.profile.width_dots, "profile": wanted.profile.name} if wanted.profile else {}


Ended = tuple[JobResult, Health]
End = Callable[[Outcome, Health], Ended]


@dataclass
class _Sent:
    """How far one job has come on the wire, and how much of a torn piece the printer still waits for."""

    bytes: int = 0
    owed: int = 0


class TicketPrinter:
    """The `Device` behind a printer slot."""

    def __init__(self, profile: Profile, journal: Journal, *, poll_s: float = 5.0, baud: int | None = None) -> None:
        self._profile, self._journal, self._poll_s = profile, journal, poll_s
        # On a serial line the wire itself is the slowest part: ten bits a byte.
        self._wire_bytes_per_s = baud / 10 if baud else 200_000.0
        self._paper_low = PaperLow()
        self._answered = False
        self._look_at = self._looked_at = 0.0
        self._jobs = 0
        self._owed = 0
        self._behind = False
        self._confirms = self._knows_ids = True
        self._last = Health("absent")

    # ------------------------------------------------------------ Device
    def greet(self, port: Port) -> Health:
        return self._look(port)

    def tend(self, port: Port, waker: Waker) -> Health:
        """Sleep until woken or until it is time for the next look."""
        heard = port.idle(self._look_at, waker)
        if heard == "woken" and time.monotonic() < self._look_at:
            return self._last
        if heard == "bytes" and time.monotonic() < self._looked_at + UNASKED_S:
            return self._last  # it speaks unasked: worth a look, but not worth a busy loop
        return self._look(port)

    def act(self, port: Port, command: PrintJob) -> Ended:
        known = self._journal.find(command.job_id)
        if known is not None:
            return known, self._last
        result, health = self._print(port, command)
        self._journal.done(result)
        self._last = health
        return result, health

    def refuse(self, command: PrintJob, health: Health) -> JobResult:
        known = self._journal.find(command.job_id)
        if known is not None:
            return known
        result = JobResult(command.job_id, Outcome.NOT_SENT, health.code, health.detail)
        self._journal.done(result)
        return result

    def lose(self) -> None:
        """Another printer may come back in this one's place: what was known of it no longer counts."""
        self._answered = False
        self._behind = False
        self._confirms = self._knows_ids = True
        self._paper_low = PaperLow()

    # ------------------------------------------------------------ looking
    def _look(self, port: Port) -> Health:
        talk = Talk(port, self._profile.answer_s)
        status = talk.status()
        self._answered = self._answered or not status.silent
        self._last = self._paper_low.settle(printer_health(status))
        self._looked_at = time.monotonic()
        calm = self._last.well and not self._paper_low.unsure
        self._look_at = self._looked_at + (self._poll_s if calm else min(SICK_POLL_S, self._poll_s))
        return self._last

    # ------------------------------------------------------------ printing
    def _print(self, port: Port, job: PrintJob) -> Ended:
        def end(outcome: Outcome, health: Health) -> Ended:
            return JobResult(job.job_id, outcome, health.code, health.detail), health

        if job.width_dots > self._profile.width_dots:
            wide = f"{job.width_dots} dots, the paper takes {self._profile.width_dots}"
            return JobResult(job.job_id, Outcome.NOT_SENT, "error", wide), self._last
        try:
            before = self._look(port)
        except PortError as error:
            return end(Outcome.NOT_SENT, _left(error))
        if before.code in STOPPING or (before.code == "timeout" and self._answered):
            return end(Outcome.NOT_SENT, before)
        try:
            self._catch_up(port)
        except PortError as error:
            return end(Outcome.NOT_SENT, _left(error))
        return self._send_and_confirm(port, job, end)

    def _catch_up(self, port: Port) -> None:
        """An earlier slip's `GS r` answer may still come, after new paper say, and must not be taken for the next one's.

        Answers come in order: ask once more, and go on when one has come and no other follows.
        """
        if not self._behind:
            return
        self._behind = False
        if not (self._answered and self._confirms):
            return
        talk = Talk(port, self._profile.answer_s)
        talk.say(Question.SENSOR.value)
        if talk.wait({Question.SENSOR}, time.monotonic() + self._profile.confirm_s):
            while talk.wait({Question.SENSOR}, time.monotonic() + self._profile.answer_s):
                pass

    def _send_and_confirm(self, port: Port, job: PrintJob, end: End) -> Ended:
        # A job torn off in mid-band left the printer waiting for dots: blank ones, or this slip would be eaten as their rest.
        # Where it does not wait any more, NUL prints nothing.
        stream = [bytes(self._owed)] if self._owed else []
        stream += [escpos_bytes.initialise(), *escpos_bytes.raster_bands(job.raster, job.width_dots, self._profile.band_rows)]
        if job.cut:
            stream.append(escpos_bytes.cut())
        size = sum(map(len, stream))
        deadline = time.monotonic() + self._profile.stall_s + size / self._wire_bytes_per_s + job.height / self._profile.print_dots_per_s
        self._journal.sending(job.job_id)
        sent = _Sent()
        try:
            for piece in stream:
                self._write(port, piece, deadline, sent)
            self._owed = 0
        except PortError as error:
            self._owed = sent.owed
            return self._torn(port, error, sent, size, end)
        try:
            return self._confirm(port, job, end)
        except PortError as error:
            return end(Outcome.UNKNOWN, _left(error))

    def _write(self, port: Port, piece: bytes, deadline: float, sent: _Sent) -> None:
        chunk = self._profile.chunk_bytes
        for at in range(0, len(piece), chunk):
            try:
                sent.bytes += port.write(piece[at : at + chunk], deadline)
            except PortError as error:
                sent.bytes += error.written
                sent.owed = len(piece) - at - error.written
                raise

    def _torn(self, port: Port, error: PortError, sent: _Sent, size: int, end: End) -> Ended:
        """The stream broke off. Only where not one byte was taken do we know that nothing will come out."""
        counted = f"{sent.bytes} of {size} bytes sent"
        if isinstance(error, Gone):
            return end(Outcome.UNKNOWN if sent.bytes else Outcome.NOT_SENT, Health("absent", counted))
        health = Health("timeout", counted)
        try:
            port.rest()
            seen = self._look(port)
            if not seen.well and seen.code != "paper_low":
                health = Health(seen.code, counted)
        except PortError as later:
            health = Health(_left(later).code, counted)
        return end(Outcome.UNKNOWN if sent.bytes else Outcome.NOT_SENT, health)

    def _confirm(self, port: Port, job: PrintJob, end: End) -> Ended:
        """`GS ( H`, then `GS r`, then the error bits; and if nothing answers, say so."""
        confirmed, stopped = self._await(port, job)
        if stopped is not None:
            return end(Outcome.UNKNOWN, stopped)
        after = self._look(port)
        if confirmed:
            return end(Outcome.PRINTED, after if after.code != "timeout" else Health())
        if after.code == "timeout":
            return end(Outcome.UNKNOWN if self._answered else Outcome.SENT_UNCONFIRMED, after)
        return end(Outcome.UNKNOWN if after.code in STOPPING else Outcome.SENT_UNCONFIRMED, after)

    def _await(self, port: Port, job: PrintJob) -> tuple[bool, Health | None]:
        """Whether the printer confirmed, or else what stopped it."""
        talk = Talk(port, self._profile.answer_s)
        printing_s = job.height / self._profile.print_dots_per_s
        # A printer never heard to speak gets one answer's time; one that never confirmed, a short while.
        patience_s = self._profile.confirm_s if self._confirms else UNCONFIRMED_S
        unsent_s = KERNEL_BYTES / self._wire_bytes_per_s
        deadline = time.monotonic() + unsent_s + printing_s + (patience_s if self._answered else self._profile.answer_s)
        talk.drain()
        self._jobs += 1
        ways = self._profile.confirm if self._knows_ids else ("sensor",)
        ladder = Confirmation(ways, process_id(self._jobs), printing_s, deadline)
        self._behind = True
        talk.say(ladder.request)
        while not ladder.settled and (now := time.monotonic()) < ladder.deadline:
            answers = talk.wait(ladder.wanted, min(ladder.deadline, now + SLICE_S))
            if not answers and self._answered:
                answers, stopped = self._ask_meanwhile(port, talk, ladder)
                if stopped is not None:
                    return False, stopped
            ladder.take(answers, time.monotonic())
        self._confirms = ladder.consumed or ladder.completed
        self._behind = not ladder.consumed
        # One that answers `GS r` and not `GS ( H` does not know it: no citizen waits for that a second time.
        self._knows_ids = self._knows_ids and (ladder.completed or not ladder.consumed)
        return self._confirms, None

    def _ask_meanwhile(self, port: Port, talk: Talk, ladder: Confirmation) -> tuple[list[Answer], Health | None]:
        """No confirmation in this slice: what came instead, and whether the printer has stopped."""
        talk.say(Question.PRINTER.value)
        answers = talk.wait({*ladder.wanted, Question.PRINTER}, time.monotonic() + self._profile.answer_s)
        if any(answer.question is Question.PRINTER and answer.byte & 0x08 for answer in answers):
            seen = self._look(port)
            if seen.code in STOPPING:
                return answers, seen
        return answers, None


def _left(error: PortError) -> Health:
    return Health("timeout" if isinstance(error, Timeout) else "absent", str(error))
