"""Signs every request with the device's key as RFC 9421 says: method, target, digest of the body and a rising number.

Holds the `httpx.Auth` that does it; whoever repeats a request signs anew. Verifying is the server's
(`queue_server.web.signatures`); the words both need stand in `queue_server.contract.device`.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import ED25519

from queue_server.contract import device as shared
from toiluot_edge import Clock, SystemClock

from .counter import Counter
from .identity import Identity

NONCE_BYTES = 12


class _Keys(HTTPSignatureKeyResolver):
    """The one key of this device."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def resolve_public_key(self, key_id: str) -> Any:
        return self._identity.key.public_key()

    def resolve_private_key(self, key_id: str) -> Any:
        return self._identity.key


class SignedBy(httpx.Auth):
    """Requests of one device. Safe to share between threads and clients; there is one signer per key at a time."""

    requires_request_body = True

    def __init__(self, identity: Identity, counter: Counter, clock: Clock | None = None) -> None:
        self.identity, self._counter, self._clock = identity, counter, clock or SystemClock()
        self._signer = HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=_Keys(identity))

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.read()
        self.sign(request)
        answer = yield request
        if answer.status_code == 401:
            answer.read()
            if self._behind(answer):
                self.sign(request)
                yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        await request.aread()
        self.sign(request)
        answer = yield request
        if answer.status_code == 401:
            await answer.aread()
            if self._behind(answer):
                self.sign(request)
                yield request

    def _behind(self, answer: httpx.Response) -> bool:
        """Whether the server has seen a higher number from this very key, which a card put back to an older state explains. The request
        was refused unread, so it may go out once more; another machine with the same key is the server's to notice."""
        try:
            told = answer.json()
            return told["code"] == "replayed" and self._counter.above(int(told["above"]))
        except (ValueError, KeyError, TypeError):
            return False

    def sign(self, request: httpx.Request) -> None:
        request.headers["Content-Digest"] = shared.digest_header(request.content)
        request.headers[shared.COUNTER_HEADER] = str(self._counter.next())
        self._signer.sign(
            request,
            key_id=self.identity.keyid,
            created=datetime.fromtimestamp(self._clock.wall_ms() // 1000, UTC),
            nonce=shared.encode(secrets.token_bytes(NONCE_BYTES)),
            label=shared.LABEL,
            include_alg=False,
            use_existing_digest=True,
            covered_component_ids=shared.COVERED,
        )


def signer(identity: Identity, state: Path) -> SignedBy:
    """The signer of a program whose own folder is `state`; the counter of the enrolment is passed by."""
    state.mkdir(parents=True, exist_ok=True)
    own, first = state / "counter", identity.folder / "counter"
    return SignedBy(identity, Counter(own, *([] if own == first else [first])))
