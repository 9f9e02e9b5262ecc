"""One conversation with an ESC/POS printer over an open port: ask, and wait for the answer that fits.

Holds the deadlines of questions and the reading together of four answers. Decides nothing about a job
(`ticket_printer` does) and never takes silence for good news.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from drivers.codecs.escpos_status import Answer, PrinterStatus, Question, StatusReader
from drivers.ports.base import Port, Timeout

READ_BYTES = 256
WRITE_S = 2.0


class Talk:
    """Questions and answers. Stale bytes are thrown away before each question."""

    def __init__(self, port: Port, answer_s: float) -> None:
        self._port = port
        self._answer_s = answer_s
        self.reader = StatusReader()

    def drain(self) -> None:
        """Whatever lies in the buffer answers nothing that is about to be asked."""
        for _ in range(64):
            try:
                self._port.read(READ_BYTES, 0.0)
            except Timeout:
                return

    def ask(self, question: Question) -> Answer | None:
        """None where no fitting answer came in time."""
        self.drain()
        self.say(question.value)
        answers = self.wait((question,), time.monotonic() + self._answer_s)
        return answers[0] if answers else None

    def say(self, request: bytes) -> None:
        self._port.write(request, time.monotonic() + WRITE_S)

    def wait(self, questions: Collection[Question], deadline: float) -> list[Answer]:
        """The first answers that fit; empty at the deadline, however much a printer babbles."""
        while True:
            try:
                data = self._port.read(READ_BYTES, deadline)
            except Timeout:
                return []
            answers = self.reader.feed(data, questions)
            if answers or time.monotonic() >= deadline:
                return answers

    def status(self) -> PrinterStatus:
        """All four real-time answers. A printer silent to the first is asked only once more, for its paper."""
        printer = self._byte(Question.PRINTER)
        if printer is None:
            paper = self._byte(Question.PAPER)
            if paper is None:
                return PrinterStatus()
            return PrinterStatus(None, self._byte(Question.OFFLINE), self._byte(Question.ERROR), paper)
        return PrinterStatus(printer, self._byte(Question.OFFLINE), self._byte(Question.ERROR), self._byte(Question.PAPER))

    def _byte(self, question: Question) -> int | None:
        answer = self.ask(question)
        return None if answer is None else answer.byte
