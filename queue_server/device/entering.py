"""From a card to a device that may work: ask, show the words meanwhile, settle. One function for `provision enrol` and for the programs
that find no identity yet."""

from __future__ import annotations

import threading
from pathlib import Path

from . import hardware
from .config import BadConfig
from .enrolling import Enrolling
from .files import Places, erase
from .identity import Identity
from .joining import Join
from .settling import NotOurs, settle
from .signing import signer
from .standing import Board, Phase, Standing


class BadEntry(Exception):
    """The site let this device in, and what it said cannot be used."""


def enter(
    places: Places,
    identity: Identity,
    join: Join,
    *,
    bind: str | None,
    once: bool = False,
    join_file: Path | None = None,
    settings: bool = True,
) -> bool:
    """Whether the device was let in; False where it was stopped before. `bind`: where the words are shown. Without `settings` the
    machine's files are left alone: a program that is run by hand is given what it needs by its flags."""
    stop = threading.Event()
    board = Board(Standing(words=identity.words, name=join.name, role=join.role, server=join.servers[0]))
    asking = Enrolling(identity, join, signer(identity, identity.folder), board, hardware=hardware.facts(places), stop=stop)
    trouble: list[BaseException] = []

    def work() -> None:
        answer = asking.ask(once=once)
        if answer is None:
            return
        try:
            settle(places, identity, answer, join, settings=settings)
            if join_file is not None:
                erase(join_file)
            board.change(phase=Phase.ACCEPTED)
        except (NotOurs, BadConfig, KeyError, TypeError, ValueError) as bad:
            trouble.append(bad)

    if bind is None:
        work()
    else:
        from .web import serve_while

        serve_while(board, bind, work, stop)
    if trouble:
        raise BadEntry(f"The server's answer cannot be used: {trouble[0]}") from trouble[0]
    return identity.accepted
