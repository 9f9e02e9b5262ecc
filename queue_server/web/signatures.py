"""Requests that a device signed with its own key (RFC 9421, Ed25519): read, checked, and never taken twice.

Holds what of a request is looked at, the check of signature and digest, and the windows of numbers in memory. Whose key it
is and what it may do is `auth`'s; signing is `queue_server.device.signing`'s. The time a device claims (`created`) is never
judged: a board without a clock chip starts in the past, and the rising number says what is new.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import ED25519
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from queue_server.contract import device as shared
from queue_server.domain.errors import Refusal
from queue_server.domain.replay import Window

INPUT_HEADER = "signature-input"
LOOKED_AT = ("signature-input", "signature", "content-digest", "toiluot-counter")
LONGEST_HEADER = 1024
REMEMBERED = 20_000
_COUNTER = re.compile(r"[1-9][0-9]{0,15}")
_COVERED = list(shared.COVERED)


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as it came: its absolute address as the device may have written it, the signature's headers, the body."""

    method: str
    addresses: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """What a signature has proved: which key, and the number of the request."""

    keyid: str
    counter: int


def signed(method: str, scheme: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> Signed | None:
    """The request, where it carries a signature. Behind a proxy that ends TLS the device dialled https and we are asked http: the
    address is tried with either, because what it protects is host, path and query."""
    host = ""
    found: dict[str, str] = {}
    for name, value in headers:
        low = name.lower()
        if low == "host":
            host = value
        elif low in LOOKED_AT:
            found[low] = f"{found[low]}, {value}" if low in found else value
    if INPUT_HEADER not in found:
        return None
    other = "http" if scheme == "https" else "https"
    return Signed(method, tuple(f"{each}://{host}{target}" for each in (scheme, other)), found, body)


# ---------------------------------------------------------------- the check
class _Message:
    def __init__(self, about: Signed, url: str) -> None:
        self.method, self.url, self.headers = about.method, url, about.headers


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Neither is judged, but both ends agree on which parameters there are."""
        if set(sig_input.params) - {"alg"} != set(shared.PARAMETERS) or not isinstance(sig_input.params["created"], int):
            raise HTTPMessageSignaturesException(f"the parameters are {', '.join(shared.PARAMETERS)}")


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, find: Callable[[str], bytes | None]) -> None:
        self._find = find

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        raw = self._find(key_id) if shared.KEYID.fullmatch(key_id) else None
        return Ed25519PublicKey.from_public_bytes(raw) if raw is not None else None

    def resolve_private_key(self, key_id: str) -> Any:
        raise KeyError(key_id)


def check(about: Signed, find: Callable[[str], bytes | None]) -> Proof:
    """Whose key signed this request; `find(keyid)` gives the raw public key. `signature_invalid` says what is wrong with it, but
    never whether a key is known."""
    if any(len(value) > LONGEST_HEADER for value in about.headers.values()):
        raise Refusal("signature_invalid", why="too_long")
    number = about.headers.get("toiluot-counter", "")
    if not _COUNTER.fullmatch(number) or int(number) > shared.MOST_COUNTER:
        raise Refusal("signature_invalid", why="counter")
    if about.headers.get("content-digest") != shared.digest_header(about.body):
        raise Refusal("signature_invalid", why="content_digest")
    for address in about.addresses:
        found = _verified(_Message(about, address), find)
        if found is not None:
            return Proof(found, int(number))
    raise Refusal("signature_invalid", why="signature")


def _verified(message: _Message, find: Callable[[str], bytes | None]) -> str | None:
    verifier = _Verifier(signature_algorithm=ED25519, key_resolver=_Keys(find))
    try:
        results = verifier.verify(message, max_age=None)
    except (HTTPMessageSignaturesException, ValueError, TypeError, KeyError):
        return None
    if len(results) != 1 or results[0].label != shared.LABEL:
        return None
    covered = [name.strip('"') for name in results[0].covered_components if not name.startswith('"@signature-params"')]
    low, high = shared.NONCE_CHARS
    fresh = low <= len(results[0].nonce or "") <= high
    return str(results[0].parameters["keyid"]) if covered == _COVERED and fresh else None


# ---------------------------------------------------------------- numbers
class Windows:
    """The numbers of every key in this process. What is written down of them (`services.devices.note`) is read at first sight."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Window] = {}

    def take(self, keyid: str, counter: int, written: Callable[[], Window]) -> Window:
        """Take a number that is new; the window after it. `replayed` otherwise, with the number to go on above."""
        if keyid not in self._known:
            with self._lock:
                if len(self._known) >= REMEMBERED:
                    self._known.clear()
            read = written()
            with self._lock:
                self._known.setdefault(keyid, read)
        with self._lock:
            known = self._known.get(keyid, Window())
            verdict = known.verdict(counter)
            if verdict != "new":
                raise Refusal("replayed", above=known.high, old=verdict == "old")
            after = self._known[keyid] = known.take(counter)
        return after
