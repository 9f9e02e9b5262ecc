"""What an ESC/POS printer says about itself: the answers told apart by their fixed bits.

Holds the questions, the answers and the one reader that drops every byte fitting no open question. Holds no port, no
time-out and no opinion about what an ailment means to a citizen (`drivers.health` has that).
Source of the bit patterns: `docs/wire/escpos.md`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

XON, XOFF = 0x11, 0x13
FRAME_HEAD, PROCESS_MARK, CLEAR_MARK = 0x37, 0x22, 0x25
# Identifiers use '@'..'O' only: no real-time answer can be taken for one, even if it falls into the middle of a frame.
_ID_ALPHABET = range(0x40, 0x50)


class Question(Enum):
    """What we may have asked. The value is the bytes that ask it; `PROCESS` needs an identifier besides."""

    PRINTER = b"\x10\x04\x01"
    OFFLINE = b"\x10\x04\x02"
    ERROR = b"\x10\x04\x03"
    PAPER = b"\x10\x04\x04"
    SENSOR = b"\x1d\x72\x01"
    PROCESS = b"\x1d\x28\x48\x06\x00\x30\x30"
    CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"


# The answers that come as a frame of their own, `37`, this byte, …, `00`.
_FRAMED = {Question.PROCESS: PROCESS_MARK, Question.CLEAR: CLEAR_MARK}
REAL_TIME = (Question.PRINTER, Question.OFFLINE, Question.ERROR, Question.PAPER)


def is_real_time(byte: int) -> bool:
    """A `DLE EOT` answer: 0xx1xx10."""
    return byte & 0x93 == 0x12


def is_asb_head(byte: int) -> bool:
    """The first of four bytes of automatic status: 0xx1xx00."""
    return byte & 0x93 == 0x10


def is_ordinary(byte: int) -> bool:
    """An answer to `GS r` or `GS I`, or one of the bytes 2 to 4 of automatic status: 0xx0xxxx."""
    return byte & 0x90 == 0x00


@dataclass(frozen=True)
class Answer:
    """One complete answer: a status byte, the four bytes of an identifier, or nothing but the fact (`CLEAR`)."""

    question: Question
    payload: bytes

    @property
    def byte(self) -> int:
        return self.payload[0]


class StatusReader:
    """Collects answers out of whatever the printer sends. Memory is bounded: at most one unfinished frame is kept.

    Real-time answers do not say which question they answer, so at most one such question may be open at a time.
    """

    def __init__(self) -> None:
        self._asb_left = 0
        self._frame = bytearray()

    def feed(self, data: bytes, asked: Collection[Question]) -> list[Answer]:
        """The answers in `data` that fit an open question; every other byte is dropped. A real-time question is
        answered once, `GS r` as often as it was asked: its answers come in order, however late."""
        still_open = set(asked)
        answers = []
        for byte in data:
            answer = self._take(byte, still_open)
            if answer is not None:
                answers.append(answer)
                still_open -= {answer.question} & {*REAL_TIME, Question.CLEAR}
        return answers

    def _take(self, byte: int, asked: Collection[Question]) -> Answer | None:
        if byte in (XON, XOFF) or byte > 0x7F:
            return None
        marks = {mark for question, mark in _FRAMED.items() if question in asked}
        if marks and self._in_frame(byte, marks):
            return self._frame_end()
        if is_asb_head(byte):
            self._asb_left = 3
            return None
        if is_real_time(byte):
            return next((Answer(question, bytes([byte])) for question in REAL_TIME if question in asked), None)
        if not is_ordinary(byte):
            return None
        if self._asb_left:
            self._asb_left -= 1
            return None
        return Answer(Question.SENSOR, bytes([byte])) if Question.SENSOR in asked else None

    def _in_frame(self, byte: int, marks: set[int]) -> bool:
        """Whether `byte` goes on with `37 22 d1 d2 d3 d4 00` or `37 25 00`; another answer may fall between two of its bytes."""
        frame = self._frame
        if len(frame) > 1 and frame[1] not in marks:
            frame.clear()  # the rest of an answer that nobody waits for any more
        fits = self._goes_on(byte, marks)
        if fits:
            frame.append(byte)
        elif byte == FRAME_HEAD:
            frame[:] = bytes([FRAME_HEAD])
            return True
        elif not is_real_time(byte):
            frame.clear()
        return fits

    def _goes_on(self, byte: int, marks: set[int]) -> bool:
        frame = self._frame
        if len(frame) < 2:
            return byte in marks if frame else byte == FRAME_HEAD
        if frame[1] == PROCESS_MARK and len(frame) < 6:
            return byte in _ID_ALPHABET
        return byte == 0

    def _frame_end(self) -> Answer | None:
        frame = self._frame
        if len(frame) < 3 or (frame[1] == PROCESS_MARK and len(frame) < 7):
            return None
        answer = Answer(Question.PROCESS, bytes(frame[2:6])) if frame[1] == PROCESS_MARK else Answer(Question.CLEAR, b"")
        frame.clear()
        return answer


def process_id(number: int) -> bytes:
    """Four bytes that name one job on the wire, repeating after 65,536 jobs."""
    return bytes(0x40 | (number >> shift) & 0x0F for shift in (12, 8, 4, 0))


def ask_process(identifier: bytes) -> bytes:
    return Question.PROCESS.value + identifier


@dataclass(frozen=True)
class PrinterStatus:
    """The four real-time answers read together. `None` means that no answer came, and never that all is well."""

    printer: int | None = None
    offline: int | None = None
    error: int | None = None
    paper: int | None = None

    @property
    def silent(self) -> bool:
        return self.printer is None and self.offline is None and self.error is None and self.paper is None

    def _bit(self, value: int | None, mask: int) -> bool:
        return value is not None and bool(value & mask)

    @property
    def is_offline(self) -> bool:
        return self._bit(self.printer, 0x08)

    @property
    def cover_open(self) -> bool:
        return self._bit(self.offline, 0x04)

    @property
    def cutter(self) -> bool:
        return self._bit(self.error, 0x08)

    @property
    def overheat(self) -> bool:
        """The head is too hot: it mends itself."""
        return self._bit(self.error, 0x40)

    @property
    def broken(self) -> bool:
        """An error that cannot be mended without switching off."""
        return self._bit(self.error, 0x20)

    @property
    def paper_out(self) -> bool:
        return self._bit(self.paper, 0x60) or self._bit(self.offline, 0x20)

    @property
    def paper_low(self) -> bool:
        return self._bit(self.paper, 0x0C)
