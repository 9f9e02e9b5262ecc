"""Ids and tokens. Holds how they are made; where randomness comes from is the caller's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable


def uuid7(at_ms: int, entropy: Callable[[int], bytes]) -> str:
    """A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then randomness."""
    raw = int.from_bytes(at_ms.to_bytes(6, "big") + entropy(10), "big")
    raw = raw & ~(0xF << 76) | (0x7 << 76)
    raw = raw & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=raw))


def random_token(entropy: Callable[[int], bytes], size: int = 32) -> str:
    """A random token, URL-safe."""
    return base64.urlsafe_b64encode(entropy(size)).rstrip(b"=").decode()


def ticket_token(token_key: str, ticket_id: str) -> str:
    """The 128-bit token of a ticket's page: keyed, so that it need not be stored and cannot be guessed from the id."""
    return base64.urlsafe_b64encode(hmac.digest(token_key.encode(), ticket_id.encode(), "sha256")[:16]).rstrip(b"=").decode()


def token_hash(token: str) -> str:
    """How a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()
