"""Frames written down as text: a template builds a frame's bytes and finds such frames again in a stream.

Holds the template language, the checks and the collector; which templates a panel or a keypad has stands in data
(`drivers/protocols.d`). A template's letters are bytes (Latin-1); `{field:form}` stands for a value and `{(}`…`{)}` for
what the check covers:

    "\\u0002{(}{address:2d}{text:>4}{)}\\u0003{check:b}"

Numbers (`address row length check`): `2d` decimal digits, `2X` hex digits, `b` one byte, `b+48` one byte plus 48, `w`/`W`
two bytes high/low first. `text` may have a width: `<8` filled on the right, `>4` on the left. `key` and `blink` are words
of the protocol's own tables. PURE: no clock, no port.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MAX_BYTES = 256
_FIELD = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"([1-8])([dXx])|b(?:\+([0-9]{1,3}))?|([wW])")
_WIDTH = re.compile(r"[<>]([1-9][0-9]?)")
NUMBERS = ("address", "row", "length", "check")
WORDS = ("key", "blink")


class FrameError(ValueError):
    """A template that means nothing, or a value that does not fit into its field."""


@dataclass(frozen=True)
class Check:
    """How a frame is guarded. After the sum: `and` with the mask, `or` with the bits a protocol always sets."""

    kind: str = "none"
    mask: int = 0xFFFF
    bits: int = 0

    def over(self, data: bytes) -> int:
        return CHECKS[self.kind](data) & self.mask | self.bits


def _xor(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
    return value


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial A001, starting at FFFF."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


CHECKS = {"none": lambda _: 0, "xor": _xor, "sum": lambda data: sum(data) & 0xFF, "lrc": lambda data: -sum(data) & 0xFF, "crc16": crc16}


@dataclass(frozen=True)
class Found:
    """One frame in a stream: where it lay, what it said, and whether its check holds."""

    template: Template
    start: int
    end: int
    values: dict[str, int | str]
    sound: bool


@dataclass(frozen=True)
class _Part:
    """`name` is a field's, "" for plain bytes."""

    name: str
    form: str = ""
    plain: bytes = b""


class Template:
    """One kind of frame."""

    def __init__(self, text: str, check: Check | None = None, words: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.text, self.check, self._words = text, check or Check(), words or {}
        self.parts = tuple(_parts(text))
        names = [part.name for part in self.parts if part.name]
        if len(names) != len(set(names)):
            raise FrameError(f"{text!r}: a field stands twice in it")
        self.fields = frozenset(names)
        if "check" in self.fields and not {"(", ")"} <= self.fields:
            raise FrameError(f"{text!r}: say with {{(}} and {{)}} what the check covers")
        if names and (self.check.kind != "none") != ("check" in self.fields) and self.check.kind != "none":
            raise FrameError(f"{text!r}: a check is set and {{check:…}} does not stand in it")
        self._pattern = re.compile(b"".join(self._match(part) for part in self.parts), re.DOTALL)

    # ------------------------------------------------------------ building
    def build(self, **values: int | str) -> bytes:
        frame = bytearray()
        low = high = 0
        text = str(values.get("text", ""))
        for part in self.parts:
            if part.name == "(":
                low = len(frame)
            elif part.name == ")":
                high = len(frame)
            elif part.name == "check":
                frame += _number(part, self.check.over(bytes(frame[low:high])))
            elif part.name == "length":
                frame += _number(part, len(text))
            elif part.name in NUMBERS:
                frame += _number(part, int(values.get(part.name, 0)))
            elif part.name == "text":
                frame += _text(part, text)
            elif part.name:
                frame += self._word(part.name, str(values.get(part.name, "")))
            else:
                frame += part.plain
        return bytes(frame)

    def _word(self, name: str, wanted: str) -> bytes:
        for code, word in self._words.get(name, {}).items():
            if word == wanted:
                return code.encode("latin-1")
        raise FrameError(f"{name} {wanted!r} is not in the protocol's table")

    # ------------------------------------------------------------ finding
    def find(self, data: bytes) -> Found | None:
        """The first frame in `data`, sound or not."""
        match = self._pattern.search(data)
        if match is None:
            return None
        values: dict[str, int | str] = {}
        for part in self.parts:
            if not part.name or part.name in "()":
                continue
            raw = match[part.name]
            values[part.name] = _read(part, raw) if part.name in NUMBERS else raw.decode("latin-1")
        for name in WORDS:
            if name in values:
                code = str(values[name])
                values[name] = self._words.get(name, {}).get(code, "")
                values[f"{name}_code"] = code
        sound = "check" not in self.fields or values["check"] == self.check.over(data[match.start("low") : match.start("high")])
        if "length" in self.fields and sound:
            sound = values["length"] == len(str(values.get("text", "")))
        return Found(self, match.start(), match.end(), values, sound)

    def _match(self, part: _Part) -> bytes:
        if not part.name:
            return re.escape(part.plain)
        if part.name in "()":
            return b"(?P<low>)" if part.name == "(" else b"(?P<high>)"
        inner = {"text": self._match_text, "key": self._match_word, "blink": self._match_word}.get(part.name, _match_number)(part)
        return b"(?P<" + part.name.encode() + b">" + inner + b")"

    @staticmethod
    def _match_text(part: _Part) -> bytes:
        width = _WIDTH.fullmatch(part.form)
        return rb"[\x20-\x7e]{%d}" % int(width[1]) if width else rb"[\x20-\x7e]*?"

    def _match_word(self, part: _Part) -> bytes:
        """The words of the table, the longest first; a key that is not in it is one byte that is told as unknown."""
        codes = sorted((code.encode("latin-1") for code in self._words.get(part.name, {})), key=len, reverse=True)
        return b"|".join([re.escape(code) for code in codes] + ([b"."] if part.name == "key" else []))


def _parts(text: str) -> Iterator[_Part]:
    at = 0
    for field in _FIELD.finditer(text):
        if field.start() > at:
            yield _Part("", plain=_bytes(text[at : field.start()]))
        at = field.end()
        name, _, form = field[1].partition(":")
        known = name in ("(", ")", *NUMBERS, *WORDS, "text")
        fits = not form if name in ("(", ")", *WORDS) else bool(_WIDTH.fullmatch(form) or not form) if name == "text" else True
        if name in NUMBERS:
            fits = bool(_NUMBER.fullmatch(form))
        if not known or not fits:
            raise FrameError(f"{text!r}: {{{field[1]}}} is no field")
        yield _Part(name, form)
    if at < len(text):
        yield _Part("", plain=_bytes(text[at:]))


def _bytes(text: str) -> bytes:
    if "{" in text or "}" in text:
        raise FrameError(f"{text!r}: a bracket that belongs to no field")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise FrameError(f"{text!r}: letters up to \\u00FF stand for bytes, others for nothing") from error


def _form(part: _Part) -> tuple[str, int]:
    """(digits, width or offset)."""
    found = _NUMBER.fullmatch(part.form)
    if found is None:  # `_parts` has checked it
        raise FrameError(part.form)
    if found[1]:
        return found[2], int(found[1])
    return (found[4], 0) if found[4] else ("b", int(found[3] or 0))


def _number(part: _Part, value: int) -> bytes:
    kind, size = _form(part)
    if kind in "wW":
        fits = 0 <= value <= 0xFFFF
        data = value.to_bytes(2, "big" if kind == "w" else "little") if fits else b""
    elif kind == "b":
        fits = 0 <= value + size <= 0xFF
        data = bytes([value + size]) if fits else b""
    else:
        data = f"{value:0{size}{kind}}".encode()
        fits = value >= 0 and len(data) == size
    if not fits:
        raise FrameError(f"{part.name} {value} does not fit into {{{part.name}:{part.form}}}")
    return data


def _match_number(part: _Part) -> bytes:
    kind, size = _form(part)
    return {"d": b"[0-9]{%d}" % size, "X": b"[0-9A-F]{%d}" % size, "x": b"[0-9a-f]{%d}" % size, "b": b"."}.get(kind, b"..")


def _read(part: _Part, raw: bytes) -> int:
    kind, size = _form(part)
    if kind in "wW":
        return int.from_bytes(raw, "big" if kind == "w" else "little")
    return raw[0] - size if kind == "b" else int(raw, 10 if kind == "d" else 16)


def _text(part: _Part, text: str) -> bytes:
    if not (text.isascii() and text.isprintable()) and text:
        raise FrameError(f"{text!r}: a frame carries printable ASCII only")
    width = _WIDTH.fullmatch(part.form)
    if width is None:
        return text.encode("ascii")
    if len(text) > int(width[1]):
        raise FrameError(f"{text!r} is longer than {width[1]}")
    return f"{text:{part.form}}".encode("ascii")
