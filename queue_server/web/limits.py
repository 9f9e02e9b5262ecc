"""How often somebody may ask: requests per key, requests without a key per address, guesses and failed log-ins.

Holds counters in memory and nothing else: no table, no thread, no framework. Each process counts for itself, so with
several workers the bounds are that many times as wide. Whoever has proved a secret goes on to use it from an address
that guesses: a noisy neighbour behind the same router must not lock a kiosk or a citizen out.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass

from queue_server.domain.errors import Refusal
from toiluot_edge import Clock

REMEMBERED = 20_000  # keys, addresses, secrets: more than a province has, and bounded whoever asks


@dataclass(frozen=True)
class Rate:
    """So many a second in the long run, `burst` at once. Zero a second is no limit."""

    per_s: float
    burst: float

    @classmethod
    def of(cls, per_s: float, seconds: float) -> Rate:
        """What `seconds` of the rate would bring may come at once."""
        return cls(per_s, max(1.0, per_s * seconds))


class Bucket:
    """One number per name: the moment at which its allowance is full again (GCRA). No lock: under two threads at once
    a request may go uncounted, which no limit here minds."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self.rate, self._clock = rate, clock
        self._step = 1 / rate.per_s if rate.per_s else 0.0
        self._depth = self._step * rate.burst
        self._full_at: dict[object, float] = {}

    def take(self, name: object) -> float:
        """Take one. 0, or the seconds until there is one to take."""
        if not self._step:
            return 0.0
        now = self._clock.monotonic()
        full_at = max(self._full_at.get(name, 0.0), now) + self._step
        if (late := full_at - now - self._depth) > 1e-9:
            return late
        if name not in self._full_at and len(self._full_at) >= REMEMBERED:
            self._forget(now)
        self._full_at[name] = full_at
        return 0.0

    def empty(self, name: object) -> float:
        """What `take` would say, without taking."""
        full_at = self._full_at.get(name)
        if not self._step or full_at is None:
            return 0.0
        return max(0.0, full_at + self._step - self._clock.monotonic() - self._depth)

    def forget(self, name: object) -> None:
        """Its allowance is full again."""
        self._full_at.pop(name, None)

    def _forget(self, now: float) -> None:
        kept = {name: at for name, at in self._full_at.copy().items() if at > now}
        self._full_at = kept if len(kept) < REMEMBERED // 2 else {}


class Limits:
    """The bounds of one process."""

    def __init__(
        self, clock: Clock, *, per_key: Rate, per_address: Rate, guesses: Rate, log_ins: Rate, accounts: Rate,
        bookings: Rate = Rate(0, 1),
    ) -> None:  # fmt: skip
        self.keys, self.strangers, self.guesses = Bucket(per_key, clock), Bucket(per_address, clock), Bucket(guesses, clock)
        self.log_ins, self.accounts = Bucket(log_ins, clock), Bucket(accounts, clock)
        self.bookings = Bucket(bookings, clock)
        self._proved: dict[bytes, None] = {}

    def key(self, name: str) -> None:
        """One request of a program with a valid key."""
        _unless(self.keys.take(name))

    def stranger(self, address: str) -> None:
        """One request of somebody without a credential."""
        _unless(self.strangers.take(home(address)))

    def booking(self, address: str) -> None:
        """One booking on the public page: a household needs a few, a hoarder many."""
        _unless(self.bookings.take(home(address)))

    def before_trying(self, address: str, secret: bytes) -> None:
        """An address that guessed too often learns nothing about a secret that nobody has proved."""
        if secret not in self._proved:
            _unless(self.guesses.empty(home(address)))

    def tried(self, address: str, secret: bytes, right: bool) -> None:
        """What came of it. A secret that was right once is no guess: its key was revoked, its ticket is old."""
        if secret in self._proved:
            return
        if not right:
            self.guesses.take(home(address))
            return
        if len(self._proved) >= REMEMBERED:
            self._proved = {}
        self._proved[secret] = None

    def before_log_in(self, address: str, account: str, at_peace: Callable[[], bool] = lambda: False) -> None:
        """Whoever failed too often, from one address or for one account, waits before the next password is looked at. `at_peace` is
        asked where the account would have to wait: a colleague may have let it rest no longer, in another process too."""
        _unless(self.log_ins.empty(home(address)))
        if wait_s := self.accounts.empty(account):
            if not at_peace():
                _unless(wait_s)
            self.accounts.forget(account)

    def log_in_failed(self, address: str, account: str) -> None:
        """A password that was wrong."""
        self.log_ins.take(home(address))
        self.accounts.take(account)


def home(address: str) -> str:
    """Whom an address stands for: with IPv6 a household has 2^64 of them."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


def digest(secret: str) -> bytes:
    """How a secret is named here: a dump of the process tells nobody any."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _unless(wait_s: float) -> None:
    if wait_s:
        raise Refusal("rate_limited", retry_after_s=max(1, math.ceil(wait_s)))
