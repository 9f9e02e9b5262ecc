"""Who asks: API keys, people's sessions, board tokens and keys of devices, each turned into a Principal; and which site is meant.

Holds the reading of credentials and a cache of one second (so a revoked key dies within it). Devices are not cached: one that is
suspended is refused at its next request. It knows no framework:
Flask views and the event-loop streams share it. Passwords and hashes are the affair of `services.access`.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from queue_server.contract import device as shared
from queue_server.domain.errors import Refusal
from queue_server.domain.principal import Principal
from queue_server.domain.replay import Window
from queue_server.services import access, command, devices
from queue_server.web.house import House
from queue_server.web.limits import Limits, Rate, digest
from queue_server.web.signatures import Proof, Signed, Windows, check

SESSION_COOKIE = "toiluot_session"
BOARD_COOKIE = "toiluot_board"
CSRF_HEADER = "X-CSRF-Token"
CACHE_S = 1.0
CACHE_ENTRIES = 2048
LONGEST_TOKEN = 256


@dataclass(frozen=True)
class Credential:
    """A principal and how it was proved. `csrf` is set for sessions only: unsafe methods must repeat it. `proof` and `window` are
    a device's: which key and number, and the numbers of that key so far."""

    who: Principal
    via: str
    csrf: str = ""
    zone: str | None = None
    proof: Proof | None = None
    window: Window = Window()  # noqa: RUF009 - a frozen value


class Gate:
    """Turns headers and cookies into a credential."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = threading.Lock()
        self._cache: dict[tuple[str, bytes], tuple[float, Credential | None]] = {}
        self._windows = Windows()
        self._told_cloned: set[str] = set()
        self.limits = Limits(
            house.clock,
            per_key=Rate.of(house.per_key, 2),
            per_address=Rate.of(house.per_address, 5),
            guesses=Rate.of(house.guesses_per_address, 20),
            log_ins=Rate.of(house.login_per_address, 60),
            accounts=Rate.of(house.login_per_account, 300),
            bookings=Rate.of(house.bookings_per_address, 600),
        )

    def credential(self, authorization: str, cookies: Mapping[str, str], address: str = "") -> Credential | None:
        """The key wins over cookies: a program that sends one means it. A bad key is no credential at all. Requests are
        counted where the address is given; asking again on behalf of an open stream names none. A session that ended
        is no guess: consoles left open overnight would use up what the whole house has."""
        if authorization:
            scheme, _, token = authorization.partition(" ")
            key = self._guarded("key", token.strip(), self._key, address) if scheme.lower() == "bearer" else None
            if key is not None and address:
                self.limits.key(key.who.id)
            return key
        session = cookies.get(SESSION_COOKIE)
        found = self._look_up("session", session, self._session) if session else None
        board = cookies.get(BOARD_COOKIE)
        if found is None and board:
            found = self._guarded("board", board, self._board, address)
        return found

    # ------------------------------------------------------------ devices
    def signed(self, about: Signed, address: str) -> Credential:
        """Whose device signed this request; raises `Refusal`. Signature first, so that nobody without the key learns how a
        device stands; then its standing; then the number, which nobody else may use up."""
        found: dict[str, devices.Holder] = {}

        def find(keyid: str) -> bytes | None:
            with self._house.store.read() as reader:
                holder = devices.holder(reader, keyid)
            if holder is not None:
                found[keyid] = holder
            return holder.public_key if holder is not None else None

        try:
            proof = check(about, find)
        except Refusal:
            self.limits.stranger(address)
            raise
        holder = found[proof.keyid]
        self._stands(holder)
        self.limits.key(f"device:{holder.who.sites[0]}:{holder.who.id}")
        try:
            window = self._windows.take(proof.keyid, proof.counter, lambda: self._written(proof.keyid))
        except Refusal as no:
            if no.detail.get("old"):
                self._tell_cloned(holder)
            raise
        return Credential(holder.who, "device", proof=proof, window=window)

    def still(self, keyid: str) -> bool:
        """Whether a key that opened a stream would open it now."""
        with self._house.store.read() as reader:
            holder = devices.holder(reader, keyid)
        return holder is not None and holder.state == "active"

    def _stands(self, holder: devices.Holder) -> None:
        if holder.state in devices.GONE:
            document = shared.wipe_document(holder.keyid)
            raise Refusal("device_revoked", wipe={"document": document, "signature": self._house.authority.sign_document(document)})
        if holder.state == "suspended":
            raise Refusal("device_suspended")
        if holder.state != "active":
            raise Refusal("signature_invalid", why="key_followed")

    def _written(self, keyid: str) -> Window:
        with self._house.store.read() as reader:
            return devices.window(reader, keyid)

    def _tell_cloned(self, holder: devices.Holder) -> None:
        """A lawful signature with a number from before: the same key is at work in two machines, or somebody repeats what was
        heard long ago. Into the log, once; the request is refused whatever becomes of that."""
        site = holder.who.sites[0]
        if holder.keyid in self._told_cloned or self._house.standing.word(site) != "serving":
            return
        self._told_cloned.add(holder.keyid)

        def tell(unit: Any) -> dict[str, Any]:
            devices.cloned(unit, holder.who.id, why="counter_back")
            return {}

        command.beat(self._house.store, site, holder.who, tell)

    def known_key(self, authorization: str) -> Credential | None:
        """The credential of a key that was looked up a moment ago: no database is asked. Nothing is counted either."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        kept = self._cache.get(("key", digest(token.strip())))
        return kept[1] if kept is not None and 0 <= self._house.clock.monotonic() - kept[0] < CACHE_S else None

    def _guarded(self, via: str, token: str, find: Callable[[Any, str], Credential | None], address: str) -> Credential | None:
        if not address:
            return self._look_up(via, token, find)
        secret = digest(token)
        self.limits.before_trying(address, secret)
        found = self._look_up(via, token, find)
        self.limits.tried(address, secret, found is not None)
        return found

    def forget(self, token: str) -> None:
        """Drop a session from the cache at once: whoever signs out is out."""
        with self._lock:
            self._cache.pop(("session", digest(token)), None)

    def _look_up(self, via: str, token: str, find: Callable[[Any, str], Credential | None]) -> Credential | None:
        if not token or len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        place, now = (via, digest(token)), self._house.clock.monotonic()
        with self._lock:
            kept = self._cache.get(place)
        if kept is not None and 0 <= now - kept[0] < CACHE_S:
            return kept[1]
        with self._house.store.read() as reader:
            found = find(reader, token)
        with self._lock:
            if len(self._cache) >= CACHE_ENTRIES:
                self._cache.clear()
            self._cache[place] = (now, found)
        return found

    def _key(self, reader: Any, token: str) -> Credential | None:
        who = access.verify_key(reader, token)
        return None if who is None else Credential(who, "key")

    def _session(self, reader: Any, token: str) -> Credential | None:
        found = access.session(reader, token)
        return None if found is None else Credential(found[0], "session", csrf=found[1])

    def _board(self, reader: Any, token: str) -> Credential | None:
        who = access.board_principal(reader, token)
        return None if who is None else Credential(who, "board")


def allow(who: Principal, needs: tuple[str, ...]) -> None:
    """Refuses with `forbidden` unless one of the permissions is held; `*` means any credential."""
    if "*" not in needs and not any(who.may(permission) for permission in needs):
        raise Refusal("forbidden")


def choose_site(who: Principal, wanted: str | None) -> str:
    """The site a request is about: the credential's own, or the one it names among several."""
    if wanted:
        if wanted not in who.sites:
            raise Refusal("not_found")
        return wanted
    if len(who.sites) != 1:
        raise Refusal("site_required", sites=list(who.sites))
    return who.sites[0]


def same_csrf(expected: str, given: str) -> bool:
    return bool(expected) and hmac.compare_digest(expected.encode(), given.encode())
