"""One slip's bytes on their way: band by band, every byte counted, the printer asked in between whether it still goes on.

Holds what was sent, what an earlier slip left in the printer, and the clearing of a printer that has stopped. Decides no
outcome (`ticket_printer` does); whether the slip came out is `confirmation`'s question.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.codecs import escpos_write
from drivers.codecs.escpos_status import Question
from drivers.devices.printer_talk import Talk
from drivers.health import STOPPING, Health
from drivers.model import PrintJob
from drivers.ports.base import Port, PortError
from drivers.quirks import Profile

CLEAR_S = 1.5
OFFLINE = 0x08
# A head that is too hot goes on by itself: the printer takes bytes again before anybody could come.
ENDING = STOPPING - {"overheat"}


@dataclass
class Wreck:
    """What an earlier slip left behind: dots the printer still waits for, a strip that hangs out uncut, a slip in its buffer."""

    owed: int = 0
    uncut: bool = False
    kept: bool = False  # it stopped and did not say that it forgot: new paper may bring the old slip out


def pieces_of(job: PrintJob, profile: Profile, wreck: Wreck) -> list[bytes]:
    """The slip as a list: what must go before it, one band each, the cut.

    A job torn off in mid-band left the printer waiting for dots: blank ones, or this slip would be eaten as their rest;
    where it does not wait any more, NUL prints nothing. A line that was cut may have lost bytes that it had taken, so a
    whole band of them goes. Its strip is cut off: two numbers never hang on one paper.
    """
    owed = max(wreck.owed, job.width_dots // 8 * profile.band_rows) if wreck.owed or wreck.uncut else 0
    before = [bytes(owed)] if owed else []
    end = escpos_write.finish(profile.cut, profile.feed_lines)
    if wreck.uncut:
        before.append(end)
    bands = escpos_write.raster_bands(job.raster, job.width_dots, profile.band_rows)
    return [*before, escpos_write.INITIALISE, *bands, *([end] if job.cut else [])]


class Sending:
    """One job on one port. `bytes` were taken; of the piece in hand the printer still waits for `owed`."""

    def __init__(self, port: Port, profile: Profile, pieces: Sequence[bytes], deadline: float, *, watch: bool) -> None:
        self._port, self._profile, self._pieces, self._deadline = port, profile, pieces, deadline
        self._talk = Talk(port, profile.answer_s)
        self._watching = watch and profile.watch
        self._asked_at: float | None = None
        self.size = sum(map(len, pieces))
        self.bytes = self.owed = 0

    @property
    def counted(self) -> str:
        return f"{self.bytes} of {self.size} bytes sent"

    def send(self, look: Callable[[], Health]) -> Health | None:
        """Everything, or up to the band after which the printer said that it has stopped, and why. `PortError`: torn off."""
        for at, piece in enumerate(self._pieces):
            self._write(piece)
            if self._watching and at + 1 < len(self._pieces) and len(piece) > 16 and self._says_offline():
                seen = look()
                if seen.code in ENDING:
                    return seen
        return None

    def _write(self, piece: bytes) -> None:
        chunk = self._profile.chunk_bytes
        for at in range(0, len(piece), chunk):
            try:
                self.bytes += self._port.write(piece[at : at + chunk], self._deadline)
            except PortError as error:
                self.bytes += error.written
                self.owed = len(piece) - at - error.written
                raise

    def _says_offline(self) -> bool:
        """`DLE EOT 1` between two bands, its answer taken when it is there: the slip never waits for it."""
        now = time.monotonic()
        if self._asked_at is not None:
            answers = self._talk.wait((Question.PRINTER,), now)
            if not answers:
                # One that does not answer while it prints is not asked again; the confirmation will ask.
                self._watching = now - self._asked_at < self._profile.answer_s
                return False
            self._asked_at = None
            if answers[0].byte & OFFLINE:
                return True
        self._talk.say(Question.PRINTER.value)
        self._asked_at = now
        return False

    def hear_out(self) -> None:
        """An answer still on its way must not be taken for that to the next question."""
        if self._asked_at is not None:
            self._talk.wait((Question.PRINTER,), time.monotonic() + self._profile.answer_s)


def clear(port: Port, profile: Profile, answer_s: float = CLEAR_S) -> bool:
    """Throw away what a stopped printer holds, so that new paper does not bring out a slip nobody waits for.

    True where the printer said that it did. The wire may be full or gone: then there is nothing to be done now.
    """
    request = escpos_write.CLEARS[profile.clear]
    if not request:
        return False
    talk = Talk(port, answer_s)
    with contextlib.suppress(PortError):
        talk.drain()
        talk.say(request)
        # Nothing else may be sent before the answer; one that knows only DLE ENQ gives none.
        return profile.clear == "dc4" and bool(talk.wait((Question.CLEAR,), time.monotonic() + answer_s))
    return False
