"""A new key for a device that has one: told to the server under the old key first, then put in its place.

Holds the order, which survives a power cut: the new key is on disk before the server hears of it, and both sign for seven
days, so whichever stands there after a cut is good.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from queue_server.client import Client
from queue_server.contract import device as shared

from .files import erase, private_folder, put, read_small
from .identity import Identity, pem
from .signing import SignedBy, signer

NEXT = "next.key"


def announce(identity: Identity, folder: Path, auth: SignedBy | None = None) -> Ed25519PrivateKey:
    """A new key that the server knows of; the same one again after a cut. `folder` is the caller's own."""
    new = _next(folder)
    raw = new.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    with Client(identity.servers, timeout=10.0, verify=identity.verify, auth=auth or signer(identity, folder)) as client:
        client.rotate_key(f"rotate:{shared.keyid(raw)}", shared.encode(raw))
    return new


def rotate(identity: Identity, folder: Path) -> None:
    identity.replace_key(announce(identity, folder))
    erase(folder / NEXT)


def kept(folder: Path) -> Ed25519PrivateKey | None:
    """The key that was made and did not take its place yet."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        key = serialization.load_pem_private_key(read_small(folder / NEXT), None)
        return key if isinstance(key, Ed25519PrivateKey) else None
    return None


def _next(folder: Path) -> Ed25519PrivateKey:
    private_folder(folder)
    new = kept(folder)
    if new is None:
        new = Ed25519PrivateKey.generate()
        put(folder / NEXT, pem(new), 0o600)
    return new
