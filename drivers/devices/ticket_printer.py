"""A receipt printer as a device: look at it, send one slip, learn whether it came out.

Holds the outcomes, the rule that nothing is ever sent twice, and the looks between jobs. The bytes of a slip go out in
`slip_sending`, the ladder of confirmation is `confirmation`, the paper is counted by `odometer`; the slot's life is `link`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drivers.devices.confirmation import Confirmer
from drivers.devices.exam import examine_printer
from drivers.devices.journal import Journal
from drivers.devices.odometer import Odometer
from drivers.devices.printer_talk import Talk
from drivers.devices.slip_sending import Sending, Wreck, clear, pieces_of
from drivers.health import STOPPING, Health, PaperLow, printer_health
from drivers.model import JobResult, NewRoll, Outcome, PrintJob
from drivers.ports.base import Gone, Port, PortError, Timeout, Waker
from drivers.quirks import Profile

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.registry import Parts

ROLES = ("printer",)
PORTS = {"usbmisc": "usblp", "tty": "serial", "usb": "libusb"}
OPTIONS: dict[str, type] = {"profile": str, "poll_s": float, "roll_m": float, "low_slips": int}
FAST_WIRE_BYTES_PER_S = 200_000.0
SICK_POLL_S = 1.0
UNASKED_S = 0.25
LOW_SLIPS = 50  # about an hour of a busy morning: time to fetch a roll


def build(wanted: SlotConfig, parts: Parts) -> TicketPrinter:
    if wanted.profile is None:
        raise ValueError("a printer has a profile")
    options = wanted.options
    return TicketPrinter(
        wanted.profile,
        parts.journal,
        role=wanted.role,
        poll_s=options.get("poll_s", 5.0),
        wire_bytes_per_s=_wire(wanted),
        roll_m=options.get("roll_m"),
        low_slips=options.get("low_slips", LOW_SLIPS),
    )


def facts(wanted: SlotConfig) -> dict[str, Any]:
    if wanted.profile is None:
        return {}
    return {"width_dots": wanted.profile.width_dots, "profile": wanted.profile.name, "wire_bytes_per_s": _wire(wanted)}


def _wire(wanted: SlotConfig) -> int:
    """On a serial line the wire itself is the slowest part: ten bits a byte."""
    serial = wanted.address is not None and wanted.address.kind == "serial"
    return wanted.address.baud // 10 if serial and wanted.address else int(FAST_WIRE_BYTES_PER_S)


Ended = tuple[JobResult, Health]
End = Callable[[Outcome, Health], Ended]


class TicketPrinter:
    """The `Device` behind a printer slot."""

    def __init__(
        self,
        profile: Profile,
        journal: Journal,
        *,
        role: str = "printer",
        poll_s: float = 5.0,
        wire_bytes_per_s: float = FAST_WIRE_BYTES_PER_S,
        roll_m: float | None = None,
        low_slips: int = LOW_SLIPS,
    ) -> None:
        self._profile, self._journal, self._poll_s = profile, journal, poll_s
        self._wire_bytes_per_s = wire_bytes_per_s
        self._confirmer = Confirmer(profile, wire_bytes_per_s)
        self._odometer = Odometer(journal, role, profile.dpi, roll_m or profile.roll_m, low_slips)
        self._paper_low = PaperLow()
        self._answered = False
        self._look_at = self._looked_at = 0.0
        # A service killed in mid-slip, or after one that was torn off, left a strip hanging that nobody has cut.
        self._wreck = Wreck(uncut=journal.ended_in_doubt())
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

    def act(self, port: Port, command: PrintJob | NewRoll) -> tuple[Any, Health]:
        if isinstance(command, NewRoll):
            return self._renew(command), self._look(port)
        known = self._journal.find(command.job_id)
        if known is not None:
            return known, self._last
        result, health = self._print(port, command)
        self._journal.done(result)
        self._last = health
        return result, health

    def refuse(self, command: PrintJob | NewRoll, health: Health) -> Any:
        if isinstance(command, NewRoll):
            return self._renew(command)  # paper is counted here, whether the printer is switched on or not
        known = self._journal.find(command.job_id)
        if known is not None:
            return known
        result = JobResult(command.job_id, Outcome.NOT_SENT, health.code, health.detail)
        self._journal.done(result)
        return result

    def lose(self) -> None:
        """Another printer may come back in this one's place: what was known of it no longer counts."""
        self._answered = False
        self._confirmer.forget()
        self._paper_low = PaperLow()

    def live_facts(self) -> dict[str, Any]:
        """What status says beside the health, and what changes while we run."""
        return {**self._odometer.facts(), "kept_slip": self._wreck.kept}

    def examine(self, port: Port) -> list[Health]:
        return examine_printer(port, self._wire_bytes_per_s)

    def _renew(self, command: NewRoll) -> dict[str, Any]:
        self._odometer.renew(command.length_m)
        return self._odometer.facts()

    # ------------------------------------------------------------ looking
    def _look(self, port: Port) -> Health:
        status = Talk(port, self._profile.answer_s).status()
        self._answered = self._answered or not status.silent
        seen = self._paper_low.settle(printer_health(status))
        self._odometer.watch(self._last.code, seen.code)
        if seen.well and not self._profile.near_end and self._odometer.low:
            seen = Health("paper_low", "counted: the printer has no sensor for it")
        self._last = seen
        self._looked_at = time.monotonic()
        calm = seen.code in ("ok", "paper_low") and not self._paper_low.unsure
        self._look_at = self._looked_at + (self._poll_s if calm else min(SICK_POLL_S, self._poll_s))
        return seen

    # ------------------------------------------------------------ printing
    def _print(self, port: Port, job: PrintJob) -> Ended:
        def end(outcome: Outcome, health: Health) -> Ended:
            return JobResult(job.job_id, outcome, health.code, health.detail), health

        if job.width_dots > self._profile.width_dots:
            wide = f"{job.width_dots} dots, the paper takes {self._profile.width_dots}"
            return JobResult(job.job_id, Outcome.NOT_SENT, "error", wide), self._last
        try:
            before = self._look(port)
            if before.code in STOPPING or (before.code == "timeout" and self._answered):
                return end(Outcome.NOT_SENT, before)
            self._confirmer.catch_up(port, answered=self._answered)
        except PortError as error:
            return end(Outcome.NOT_SENT, _left(error))
        return self._send_and_confirm(port, job, end)

    def _send_and_confirm(self, port: Port, job: PrintJob, end: End) -> Ended:
        profile = self._profile
        pieces = pieces_of(job, profile, self._wreck)
        needed_s = sum(map(len, pieces)) / self._wire_bytes_per_s + job.height / profile.print_dots_per_s
        self._odometer.sending(job.job_id, job.height, profile.feed_lines)
        sending = Sending(port, profile, pieces, time.monotonic() + profile.stall_s + needed_s, watch=self._answered)
        try:
            stopped = sending.send(lambda: self._look(port))
        except PortError as error:
            return self._torn(port, error, sending, end)
        if stopped is not None:
            self._leave(port, sending)
            return end(Outcome.UNKNOWN, Health(stopped.code, sending.counted))
        self._wreck = Wreck(uncut=not job.cut)
        try:
            return self._confirm(port, job, end)
        except PortError as error:
            return end(Outcome.UNKNOWN, _left(error))

    def _torn(self, port: Port, error: PortError, sending: Sending, end: End) -> Ended:
        """The stream broke off. Only where not one byte was taken do we know that nothing will come out."""
        if not sending.bytes:
            return end(Outcome.NOT_SENT, Health("absent" if isinstance(error, Gone) else "timeout", sending.counted))
        self._wreck = Wreck(sending.owed, uncut=True)
        if isinstance(error, Gone):
            return end(Outcome.UNKNOWN, Health("absent", sending.counted))
        health = Health("timeout", sending.counted)
        try:
            sending.hear_out()
            port.rest()
            seen = self._look(port)
            if seen.code not in ("ok", "paper_low"):
                health = Health(seen.code, sending.counted)
            if seen.code in STOPPING:
                self._leave(port, sending)
        except PortError as later:
            health = Health(_left(later).code, sending.counted)
        return end(Outcome.UNKNOWN, health)

    def _leave(self, port: Port, sending: Sending) -> None:
        """This slip will not be finished: the printer shall forget what it holds of it, where it can."""
        forgotten = clear(port, self._profile)
        self._wreck = Wreck(0 if forgotten else sending.owed, uncut=True, kept=not forgotten)

    def _confirm(self, port: Port, job: PrintJob, end: End) -> Ended:
        """`GS ( H`, then `GS r`, then the error bits; and if nothing answers, say so."""
        confirmed, stopped = self._confirmer.confirm(port, job.height, lambda: self._look(port), answered=self._answered)
        if stopped is not None:
            forgotten = clear(port, self._profile)
            # All was sent: where only the cutter stuck, all is on paper too.
            kept = not forgotten and stopped.code != "cutter"
            self._wreck = Wreck(uncut=self._wreck.uncut or self._profile.clear != "none", kept=kept)
            return end(Outcome.UNKNOWN, stopped)
        after = self._look(port)
        if confirmed:
            return end(Outcome.PRINTED, after if after.code != "timeout" else Health())
        if after.code == "timeout":
            return end(Outcome.UNKNOWN if self._answered else Outcome.SENT_UNCONFIRMED, after)
        return end(Outcome.UNKNOWN if after.code in STOPPING else Outcome.SENT_UNCONFIRMED, after)


def _left(error: PortError) -> Health:
    return Health("timeout" if isinstance(error, Timeout) else "absent", str(error))
