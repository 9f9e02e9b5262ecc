"""Was the slip really printed? The rungs of the ladder as one small state, apart from the port that carries the bytes.

Holds what has been confirmed so far and until when it is worth waiting. Asks nothing itself (`ticket_printer` does).
"""

from __future__ import annotations

from collections.abc import Iterable

from drivers.codecs.escpos_status import Answer, Question, ask_process

MECHANISM_S = 1.0  # after the stream is read to its end, how much longer than the printing itself may take


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
