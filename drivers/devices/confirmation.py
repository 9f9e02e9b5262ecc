"""Was the slip really printed? The ladder of confirmation: `GS ( H` and `GS r` after the cut, the error bits meanwhile.

Holds what this printer has been seen to know and what it still owes an answer to. Sends no slip, and names no outcome
(`ticket_printer` does).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from drivers.codecs.escpos_status import Answer, Question, ask_process, process_id
from drivers.devices.printer_talk import Talk
from drivers.health import STOPPING, Health
from drivers.ports.base import Port
from drivers.quirks import Profile

MECHANISM_S = 1.0  # after the stream is read to its end, how much longer than the printing itself may take
SLICE_S = 0.5  # while waiting for a confirmation, how often the printer is asked whether it has stopped
UNCONFIRMED_S = 1.0
KERNEL_BYTES = 4096  # written, as far as we were told, and still on its way down a serial line


class Confirmation:
    """Both rungs are asked at once: a printer that knows only `GS r` answers that one and is not waited for twice."""

    def __init__(self, ways: tuple[str, ...], identifier: bytes, printing_s: float, deadline: float) -> None:
        self.wanted = {Question.SENSOR} | ({Question.PROCESS} if "process_id" in ways else set())
        self.deadline = deadline
        self.consumed = False
        self.completed = False
        self._identifier = identifier
        self._printing_s = printing_s

    @property
    def request(self) -> bytes:
        asks_id = Question.PROCESS in self.wanted
        return (ask_process(self._identifier) if asks_id else b"") + Question.SENSOR.value

    @property
    def settled(self) -> bool:
        return self.completed or (self.consumed and Question.PROCESS not in self.wanted)

    def take(self, answers: Iterable[Answer], now: float) -> None:
        for answer in answers:
            if answer.question is Question.PROCESS:
                self.completed = self.completed or answer.payload == self._identifier
            elif answer.question is Question.SENSOR and not self.consumed:
                self.consumed = True
                self.wanted.discard(Question.SENSOR)
                self.deadline = min(self.deadline, now + self._printing_s + MECHANISM_S)


class Confirmer:
    """The ladder on one printer, slip after slip. `wire_bytes_per_s`: how fast its line is."""

    def __init__(self, profile: Profile, wire_bytes_per_s: float) -> None:
        self._profile, self._wire_bytes_per_s = profile, wire_bytes_per_s
        self._jobs = 0
        self.forget()

    def forget(self) -> None:
        """Another printer may stand there now."""
        self._behind = False
        self._confirms = self._knows_ids = True

    def catch_up(self, port: Port, *, answered: bool) -> None:
        """An earlier slip's `GS r` answer may still come, after new paper say, and must not be taken for the next one's.

        Answers come in order: ask once more, and go on when one has come and no other follows.
        """
        if not self._behind:
            return
        self._behind = False
        if not (answered and self._confirms):
            return
        talk = Talk(port, self._profile.answer_s)
        talk.say(Question.SENSOR.value)
        if talk.wait({Question.SENSOR}, time.monotonic() + self._profile.confirm_s):
            while talk.wait({Question.SENSOR}, time.monotonic() + self._profile.answer_s):
                pass

    def confirm(self, port: Port, rows: int, look: Callable[[], Health], *, answered: bool) -> tuple[bool, Health | None]:
        """Whether the printer confirmed, or else what stopped it."""
        talk = Talk(port, self._profile.answer_s)
        printing_s = rows / self._profile.print_dots_per_s
        # A printer never heard to speak gets one answer's time; one that never confirmed, a short while.
        patience_s = self._profile.confirm_s if self._confirms else UNCONFIRMED_S
        unsent_s = KERNEL_BYTES / self._wire_bytes_per_s
        deadline = time.monotonic() + unsent_s + printing_s + (patience_s if answered else self._profile.answer_s)
        talk.drain()
        self._jobs += 1
        ways = self._profile.confirm if self._knows_ids else ("sensor",)
        ladder = Confirmation(ways, process_id(self._jobs), printing_s, deadline)
        self._behind = True
        talk.say(ladder.request)
        while not ladder.settled and (now := time.monotonic()) < ladder.deadline:
            answers = talk.wait(ladder.wanted, min(ladder.deadline, now + SLICE_S))
            if not answers and answered:
                answers, stopped = self._ask_meanwhile(talk, ladder, look)
                if stopped is not None:
                    return False, stopped
            ladder.take(answers, time.monotonic())
        self._confirms = ladder.consumed or ladder.completed
        self._behind = not ladder.consumed
        # One that answers `GS r` and not `GS ( H` does not know it: no citizen waits for that a second time.
        self._knows_ids = self._knows_ids and (ladder.completed or not ladder.consumed)
        return self._confirms, None

    def _ask_meanwhile(self, talk: Talk, ladder: Confirmation, look: Callable[[], Health]) -> tuple[list[Answer], Health | None]:
        """No confirmation in this slice: what came instead, and whether the printer has stopped."""
        talk.say(Question.PRINTER.value)
        answers = talk.wait({*ladder.wanted, Question.PRINTER}, time.monotonic() + self._profile.answer_s)
        if any(answer.question is Question.PRINTER and answer.byte & 0x08 for answer in answers):
            seen = look()
            if seen.code in STOPPING:
                return answers, seen
        return answers, None
