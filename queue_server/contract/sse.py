"""Server-sent events as bytes: one encoder, one incremental decoder.

Holds the frame format of the WHATWG standard (UTF-8, fields `event id data retry`, comment lines). It opens no
connection and knows no event by name.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

MAX_BUFFER_CHARS = 4 * 1024 * 1024


class Frame(NamedTuple):
    """One event as received. `id` is None where the frame named none; `data` is the joined text."""

    event: str
    id: str | None
    data: str

    def json(self) -> Any:
        return json.loads(self.data)


class FrameTooLong(ValueError):
    """A frame that never ends: the reader drops the connection and comes back."""


def encode(event: str | None = None, data: Any = None, *, id: str | None = None, retry_ms: int | None = None) -> bytes:
    """One frame. `data` is text or any JSON value; text with line breaks becomes several data lines."""
    lines = []
    if retry_ms is not None:
        lines.append(f"retry: {retry_ms}")
    if id is not None:
        lines.append(f"id: {id}")
    if event is not None:
        lines.append(f"event: {event}")
    if data is not None:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        lines += [f"data: {line}" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return ("\n".join(lines) + "\n\n").encode()


class Decoder:
    """Feed it bytes as they come, in any pieces; it gives the frames that are complete."""

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._event, self._id, self._data = "", None, []  # type: str, str | None, list[str]
        self.retry_ms: int | None = None

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        text = self._rest + self._utf8.decode(chunk)
        # A carriage return at the very end may be the first half of a CR LF pair: it waits for the next piece.
        held = "\r" if text.endswith("\r") else ""
        *lines, self._rest = (text[: len(text) - len(held)]).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest += held
        if len(self._rest) + sum(map(len, self._data)) > MAX_BUFFER_CHARS:
            raise FrameTooLong(f"no frame end within {MAX_BUFFER_CHARS} characters")
        for line in lines:
            frame = self._line(line)
            if frame is not None:
                yield frame

    def _line(self, line: str) -> Frame | None:
        if not line:
            frame = Frame(self._event or "message", self._id, "\n".join(self._data)) if self._data else None
            self._event, self._id, self._data = "", None, []
            return frame
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_ms = int(value)
        return None
