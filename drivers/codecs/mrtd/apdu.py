"""Commands to a chip and its answers (ISO/IEC 7816-4), in the short form. Protecting them is `secure`."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.codecs.mrtd.errors import Garbled

OK = 0x9000
END_REACHED = 0x6282
NOT_FOUND = 0x6A82
MAX_ANSWER = 65_538


@dataclass(frozen=True)
class Command:
    """`le`: how many bytes may come back; 256 means as many as there are; None for none."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    le: int | None = None

    def encode(self) -> bytes:
        if len(self.data) > 255 or (self.le is not None and not 1 <= self.le <= 256):
            raise Garbled("a command beyond the short form")
        body = bytes([len(self.data)]) + self.data if self.data else b""
        return bytes([self.cla, self.ins, self.p1, self.p2]) + body + (b"" if self.le is None else bytes([self.le & 0xFF]))


@dataclass(frozen=True)
class Answer:
    data: bytes = field(repr=False)
    sw: int

    @property
    def fine(self) -> bool:
        return self.sw == OK


def parse_answer(raw: bytes) -> Answer:
    if not 2 <= len(raw) <= MAX_ANSWER:
        raise Garbled(f"an answer of {len(raw)} bytes")
    return Answer(raw[:-2], int.from_bytes(raw[-2:], "big"))


def parse_command(raw: bytes) -> Command:
    """The chip's side of `encode`: for the simulator, and for judging one against the other."""
    if not 4 <= len(raw) <= 4 + 1 + 255 + 1:
        raise Garbled(f"a command of {len(raw)} bytes")
    cla, ins, p1, p2 = raw[:4]
    rest = raw[4:]
    if len(rest) <= 1:
        return Command(cla, ins, p1, p2, le=(rest[0] or 256) if rest else None)
    data, tail = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
    if rest[0] == 0 or len(data) != rest[0] or len(tail) > 1:
        raise Garbled("a command whose length does not fit")
    return Command(cla, ins, p1, p2, data, (tail[0] or 256) if tail else None)


def select_file(file_id: int) -> Command:
    return Command(0x00, 0xA4, 0x02, 0x0C, file_id.to_bytes(2, "big"))


def select_application(name: bytes) -> Command:
    return Command(0x00, 0xA4, 0x04, 0x0C, name)


def read_binary(offset: int, size: int) -> Command:
    if not 0 <= offset <= 0x7FFF:
        raise Garbled("a file longer than 32,767 bytes")
    return Command(0x00, 0xB0, offset >> 8, offset & 0xFF, le=size)
