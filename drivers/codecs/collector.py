"""Frames out of a stream of bytes: what is half there waits, what is no frame is thrown away, and the heap stays small.

Holds the buffer and its bound. What a frame looks like is `template`'s affair. PURE: the caller says when silence has ended
what was half heard.
"""

from __future__ import annotations

from drivers.codecs.template import MAX_BYTES, Found, Template


class Collector:
    """`wrong` counts frames whose check did not hold, `noise` bytes that belonged to no frame."""

    def __init__(self, *templates: Template) -> None:
        self._templates = templates
        self._buffer = b""
        self.wrong = 0
        self.noise = 0

    def feed(self, data: bytes) -> list[Found]:
        found: list[Found] = []
        self._buffer += data
        while (first := self._first()) is not None:
            self.noise += first.start
            if first.sound:
                found.append(first)
                self._buffer = self._buffer[first.end :]
            else:
                self.wrong += 1
                self.noise += 1
                self._buffer = self._buffer[first.start + 1 :]
        if len(self._buffer) > MAX_BYTES:
            self.noise += len(self._buffer) - MAX_BYTES
            self._buffer = self._buffer[-MAX_BYTES:]
        return found

    def _first(self) -> Found | None:
        found = [one for template in self._templates if (one := template.find(self._buffer)) is not None and one.end > one.start]
        return min(found, key=lambda one: (one.start, not one.sound, -one.end), default=None)

    @property
    def pending(self) -> int:
        """Bytes that may be the beginning of a frame."""
        return len(self._buffer)

    def reset(self) -> None:
        """What was half heard will not be finished."""
        self.noise += len(self._buffer)
        self._buffer = b""
