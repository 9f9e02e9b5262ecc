"""Where one message ends and the next begins on a reader's serial line.

Holds the frame collector: CR, LF, Tab, STX…ETX or silence end a frame; too long a frame is thrown away whole. Reads no
time (the caller says when a byte came) and does not know what a frame means (`scan_text`, `card_qr`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

STX, ETX = 0x02, 0x03
ENDS = frozenset((0x0D, 0x0A, 0x09, ETX))
# Factory scanners send letters as raw UTF-16BE pairs mixed into ASCII. A byte after one of these is half a letter and
# ends nothing, even where it looks like a carriage return.
PAIR_LEADS = frozenset((0x00, 0x01, 0x1E))


@dataclass(frozen=True)
class Frame:
    """One message without its ends. `overlong` and `lost` frames come with no data: half a message is worse than none.

    `data` is the collector's own buffer, handed over and not copied: its reader may `wipe` it.
    """

    data: bytes | bytearray = field(repr=False)
    overlong: bool = False
    lost: bool = False

    def wipe(self) -> None:
        """Overwrite what was read. What Python copied meanwhile is out of our reach."""
        if isinstance(self.data, bytearray):
            wipe(self.data)


def wipe(data: bytearray) -> None:
    data[:] = bytes(len(data))


class Framer:
    """Collects bytes into frames. `idle_s` of silence ends a frame too, for readers that send no end at all."""

    def __init__(self, max_bytes: int = 4096, idle_s: float = 0.4) -> None:
        self._max = max_bytes
        self._idle_s = idle_s
        self._frame = bytearray()
        self._overlong = False
        self._pair = False
        self._last: float | None = None

    @property
    def due(self) -> float | None:
        """When silence would end the frame that has begun; None while there is none."""
        return None if self._last is None else self._last + self._idle_s

    def feed(self, data: bytes, now: float) -> list[Frame]:
        """Silence is judged in `idle` alone: bytes that waited for a busy machine came in time."""
        frames: list[Frame] = []
        for byte in data:
            if not self._pair and (byte in ENDS or byte == STX):
                frames += self._end()
                continue
            self._pair = not self._pair and byte in PAIR_LEADS
            self._last = now
            if len(self._frame) < self._max:
                self._frame.append(byte)
            else:
                self._overlong = True
        return frames

    def idle(self, now: float) -> list[Frame]:
        """The frame that silence has ended by `now`, if any."""
        due = self.due
        return self._end() if due is not None and now >= due else []

    def _end(self) -> list[Frame]:
        if self._last is None:
            return []
        whole, self._frame = self._frame, bytearray()
        if self._overlong:
            wipe(whole)
        frame = Frame(b"", overlong=True) if self._overlong else Frame(whole)
        self._overlong = self._pair = False
        self._last = None
        return [frame]
