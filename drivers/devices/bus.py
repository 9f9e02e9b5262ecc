"""One line, several devices, one writer: the bus takes turns among its members.

Holds the turns: who is due, who waits after not answering, and that a flood of commands starves nobody's poll. What is said
in a turn is the member's affair (`led_panel`, `call_keypad`); the port's life is `link`'s. A device with a line of its own
is a bus of one, so there is one way and not two.

From key to event a polled keypad takes at most: its poll interval, one turn of every member that answers, and one answer
time of one that does not (two silent ones never follow each other while somebody else is due).
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Protocol, TypeVar

from drivers.health import Health
from drivers.ports.base import Port, PortError, Timeout, Waker

READ_BYTES = 256
WRITE_S = 2.0
QUIET_S = 0.5  # after so long a silence what was half heard is no frame any more
BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
TOLD_AFTER = 2  # one answer lost on a noisy line is no news
LISTEN_S = 3600.0
Got = TypeVar("Got")


class Line:
    """The wire during a member's turn. Whatever comes, asked or not, every member hears."""

    def __init__(self, gap_s: float, hear: Callable[[bytes, float], None], *, echo: bool = False) -> None:
        self._gap_s, self._hear, self._echo = gap_s, hear, echo
        self._last = 0.0
        self.answer_s: float | None = None  # how long the last answer took
        self.port: Port | None = None

    def _wire(self) -> Port:
        if self.port is None:
            raise RuntimeError("a turn without a line")
        return self.port

    def read(self, deadline: float, waker: Waker | None = None) -> bytes:
        """What comes before the deadline, told to everybody; `b""` where nothing did or the waker spoke."""
        try:
            data = self._wire().read(READ_BYTES, deadline, waker)
        except Timeout:
            return b""
        if data:
            self._last = time.monotonic()
            self._hear(data, self._last)
        return data

    def tell(self, frame: bytes) -> None:
        """Send after the silence that ends the frame before."""
        while (now := time.monotonic()) < self._last + self._gap_s:
            self.read(min(self._last + self._gap_s, now + self._gap_s))
        self._wire().write(frame, time.monotonic() + WRITE_S)
        self._last = time.monotonic()

    def ask(self, frame: bytes, take: Callable[[bytes], Got | None], answer_s: float) -> tuple[Got | None, int]:
        """Send, and give `take` what comes until it is content: its answer, and how many bytes came in all."""
        self.tell(frame)
        asked_at = self._last
        deadline, came = asked_at + answer_s, 0
        echo = frame if self._echo else b""
        while True:
            data = self.read(deadline)
            if echo and data:
                data, echo = _without_echo(data, echo)
            came += len(data)
            if data and (got := take(data)) is not None:
                self.answer_s = self._last - asked_at
                return got, came
            if time.monotonic() >= deadline:
                return None, came


def _without_echo(data: bytes, echo: bytes) -> tuple[bytes, bytes]:
    """An adaptor that hears itself: our own frame comes back before the answer, perhaps in pieces."""
    own = min(len(data), len(echo))
    return (data[own:], echo[own:]) if data[:own] == echo[:own] else (data, b"")


class Member:
    """One device on a bus: when it wants its next turn, how it fares. Its own thread it has not."""

    def __init__(self, slot: str, address: int) -> None:
        self.slot, self.address = slot, address
        self.health = Health()
        self.next_at = 0.0
        self.misses = 0
        self.answers_s: deque[float] = deque(maxlen=9)

    @property
    def answer_ms(self) -> int | None:
        """How long it takes to answer, as a rule; None where it never did."""
        return round(median(self.answers_s) * 1000) if self.answers_s else None

    @property
    def facts(self) -> dict[str, Any]:
        """What status says of it beside its health."""
        return {}

    def turn(self, line: Line) -> None:
        """One exchange. It leaves `next_at` in the future."""

    def act(self, line: Line, command: Any) -> Any:
        """Carry out one command."""

    def refuse(self, command: Any, health: Health) -> Any:
        """The result of a command that could not be begun."""

    def hear(self, data: bytes, now: float) -> None:
        """Bytes that came, whoever was meant."""

    def appear(self) -> None:
        """The line is open: begin anew."""
        self.next_at, self.misses, self.health = 0.0, 0, Health()
        self.answers_s.clear()

    def lose(self) -> None:
        """The line is gone: forget what was half heard."""

    # ------------------------------------------------------------ how it went
    def fine(self, again_s: float) -> None:
        self.misses, self.health = 0, Health()
        self.next_at = time.monotonic() + again_s

    def missed(self, came: int, again_s: float = 0.0) -> None:
        """No answer, or none that could be read. Each time it is asked later, so that it costs the others little."""
        self.misses += 1
        pause_s = again_s
        if self.misses >= TOLD_AFTER:
            garbled = Health("garbled", f"address {self.address}: {came} bytes came, none of them an answer")
            self.health = garbled if came else Health("timeout", f"address {self.address} does not answer")
            pause_s = max(again_s, BACKOFF_S[min(self.misses - TOLD_AFTER, len(BACKOFF_S) - 1)])
        self.next_at = time.monotonic() + pause_s

    def denied(self, why: str, again_s: float) -> None:
        """It understood, and will not."""
        self.misses, self.health = 0, Health("refused", f"address {self.address}: {why}")
        self.next_at = time.monotonic() + again_s


class Told(Protocol):
    """Who is told that a member fares otherwise than before."""

    def __call__(self, member: Member) -> None:
        """On the bus's own thread."""


class Bus:
    """The `Device` behind a line. A command is (member, what it shall do), or for a bus of one just that."""

    def __init__(self, members: Sequence[Member], *, gap_s: float = 0.005, echo: bool = False) -> None:
        self.members = tuple(members)
        self.told: Told = lambda _: None
        self._line = Line(gap_s, self._hear, echo=echo)
        self._heard_at = 0.0
        self._silent_last = False
        self._said = {member.slot: "ok" for member in members}

    # ------------------------------------------------------------ Device
    def greet(self, port: Port) -> Health:
        """What lay in the line's buffer was said to nobody who is here now."""
        self._line.port = port
        for _ in range(64):
            try:
                port.read(READ_BYTES, 0.0)
            except Timeout:
                break
        for member in self.members:
            member.appear()
        return Health()

    def tend(self, port: Port, waker: Waker) -> Health:
        self._line.port = port
        member = self._due(time.monotonic())
        if member is None:
            at = min((one.next_at for one in self.members), default=math.inf)
            self._line.read(min(at, time.monotonic() + LISTEN_S), waker)
        else:
            self._turn(member)
        return self._health()

    def act(self, port: Port, command: Any) -> tuple[Any, Health]:
        self._line.port = port
        member, wanted = self._meant(command)
        self._line.answer_s = None
        try:
            result = member.act(self._line, wanted)
        except PortError as error:
            left = Health("timeout" if isinstance(error, Timeout) else "absent", str(error))
            return member.refuse(wanted, left), left
        self._tell(member)
        # Commands come before polls; so that ever new ones starve nobody, whoever is due now has a turn too.
        now = time.monotonic()
        for other in self.members:
            if other.next_at <= now and not other.misses:
                self._turn(other)
        return result, self._health()

    def refuse(self, command: Any, health: Health) -> Any:
        member, wanted = self._meant(command)
        return member.refuse(wanted, health)

    def _meant(self, command: Any) -> tuple[Member, Any]:
        return command if isinstance(command, tuple) else (self.members[0], command)

    def live_facts(self) -> dict[str, Any]:
        return self.members[0].facts if len(self.members) == 1 else {}

    def lose(self) -> None:
        self._line.port = None
        for member in self.members:
            member.lose()

    # ------------------------------------------------------------ turns
    def _due(self, now: float) -> Member | None:
        due = [member for member in self.members if member.next_at <= now]
        return min(due, key=lambda one: (bool(one.misses) and self._silent_last, one.next_at), default=None)

    def _turn(self, member: Member) -> None:
        self._line.answer_s = None
        member.turn(self._line)
        self._silent_last = bool(member.misses)
        self._tell(member)

    def _hear(self, data: bytes, now: float) -> None:
        quiet, self._heard_at = now - self._heard_at > QUIET_S, now
        for member in self.members:
            if quiet:
                member.lose()
            member.hear(data, now)

    def _tell(self, member: Member) -> None:
        if self._line.answer_s is not None:
            member.answers_s.append(self._line.answer_s)
        if member.health.code != self._said[member.slot]:
            self._said[member.slot] = member.health.code
            self.told(member)

    def _health(self) -> Health:
        """Of a bus of one: its member's. A shared line is well while it is open; its members speak for themselves."""
        return self.members[0].health if len(self.members) == 1 else Health()
