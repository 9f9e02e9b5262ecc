"""With what a program of a device speaks to its server: the device's own identity, or an API key in a file.

Holds that choice and what happens where there is neither: a device with a join file asks to be let in and shows its words; one
that was shut out for good shows that. Kiosk, display and dossier feed all begin here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from queue_server.client import Client

from .files import Places, read_small
from .identity import Identity, NoIdentity, facts_in, load, load_or_make
from .membership import Membership
from .signing import SignedBy, signer
from .standing import Board, Phase, Standing


@dataclass(frozen=True, slots=True)
class Credential:
    """How to reach the server and as whom. `name` is empty where the key does not say it."""

    server: str
    key: str | None = None
    name: str = ""
    identity: Identity | None = None
    auth: SignedBy | None = None

    def client(self, timeout: float = 5.0, **more: Any) -> Client:
        return Client(self.server, self.key, timeout, auth=self.auth, verify=self.verify, **more)

    @property
    def verify(self) -> Any:
        return self.identity.verify if self.identity else True

    @property
    def http_auth(self) -> httpx.Auth | None:
        return self.auth


def open_credential(
    *, identity: Path | None, key_file: Path | None, server: str, state: Path, role: str, bind: str = "", join: Path | None = None
) -> Credential | None:
    """The credential; None where this machine was told to stop before it had one. `NoIdentity` says what is missing."""
    if identity is not None:
        facts = facts_in(identity)
        if facts.get("wiped"):
            shut_out(facts, role, bind)
            return None
        if facts.get("device"):
            return enrolled(load(identity), server, state)
    if key_file is not None and (key := _key(key_file)):
        if not server:
            raise NoIdentity("--server is needed with --key-file")
        return Credential(server, key)
    if identity is None:
        raise NoIdentity("give --identity DIR or --key-file FILE" if key_file is None else f"{key_file} is empty")
    return _ask(identity, server, state, join, bind)


def enrolled(identity: Identity, server: str, state: Path) -> Credential:
    return Credential(server or identity.servers, None, identity.device, identity, signer(identity, state))


def membership_of(credential: Credential, role: str, wipe: Callable[[Mapping[str, Any]], object]) -> Membership | None:
    """How the site stands to this device; None for a program with an API key, which is no device."""
    identity = credential.identity
    if identity is None:
        return None
    first = credential.server.partition(",")[0]
    return Membership(Standing(words=identity.words, server=first, name=identity.device, role=role), wipe)


def _ask(folder: Path, server: str, state: Path, join: Path | None, bind: str) -> Credential | None:
    from .entering import BadEntry, enter
    from .joining import BadJoin, read

    places = Places()
    try:
        asked = read(join or places.join)
        identity = load_or_make(folder, places)
        if not enter(places, identity, asked, bind=bind or None, join_file=join, settings=False):
            return None
    except (BadJoin, BadEntry) as bad:
        raise NoIdentity(str(bad)) from bad
    return enrolled(load(folder), server, state)


def shut_out(facts: dict[str, Any], role: str, bind: str) -> None:
    """Shows it until told to stop: a screen that says nothing would be taken for a broken one."""
    board = Board(Standing(phase=Phase.REVOKED, role=role, name=str(facts.get("name") or "")))
    if bind:
        from .web import serve_while

        stop = threading.Event()

        def stay() -> None:
            stop.wait()

        serve_while(board, bind, stay, stop)


def _key(path: Path) -> str:
    try:
        key = read_small(path).decode("ascii").strip()
    except (OSError, ValueError) as bad:
        raise NoIdentity(f"{path} cannot be read: {bad}") from bad
    if any(letter.isspace() for letter in key):
        raise NoIdentity(f"{path} does not hold one API key. Make one with: toiluot server api-key create")
    return key
