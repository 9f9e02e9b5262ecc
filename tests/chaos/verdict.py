"""What must be true of a whole line when its cells are over and no program runs any more; each finding is a line.

The audit's own arithmetic speaks of the log; here stand what screens, keypads, paper and the dossier system say beside it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from queue_server.audit import compare, sent
from queue_server.client import Problem
from queue_server.storage.store import open_store
from tests.chaos.cell import Seen
from tests.chaos.line import Line


def verdict(line: Line, seen: Seen) -> list[str]:
    """Everything that is wrong on a line after its cells. No program runs any more."""
    store = open_store(line.url)
    try:
        wrong = compare.of_every_site(store, compare.findings)
        with store.read() as reader:
            wrong += sent.findings(reader, line.facts["site"], line.records(), {})
            log = reader.events_after(line.facts["site"], 0, 1_000_000)
            owners = [reader.ticket_by_token(hashlib.sha256(token.encode()).hexdigest()) for token in seen.paper]
    finally:
        store.close()
    return [*wrong, *_screens(log, seen), *_commands(log, seen), *_paper(log, [owner.id if owner else "" for owner in owners])]


def _screens(log: list[Any], seen: Seen) -> Iterator[str]:
    issued = {event.ticket: event.label for event in log if event.type == "issued"}
    labels = [(event.business_day, event.label) for event in log if event.type == "issued"]
    for ticket, label in seen.shown.items():
        if issued.get(ticket) != label:
            yield f"the screen showed {label}, the log has {issued.get(ticket)}"
    if len(set(labels)) != len(labels):
        yield "a number was given twice"


def _commands(log: list[Any], seen: Seen) -> Iterator[str]:
    """An answered command is in the log; a refused one is not. One that found nothing to do leaves nothing there."""
    caused = {event.cmd for event in log}
    for request_id, answer in seen.answered.items():
        if isinstance(answer, Problem):
            if request_id in caused:
                yield f"{request_id} was refused with {answer.code} and yet it happened"
        elif request_id not in caused and answer.get("ticket", True) is not None and not request_id.startswith(("open", "undo")):
            yield f"{request_id} was answered and is not in the log"


def _paper(log: list[Any], owners: list[str]) -> Iterator[str]:
    """Each slip is a ticket's of the log, and no ticket is on two slips unless one was asked for again."""
    again = Counter(event.ticket for event in log if event.type == "reprinted")
    for ticket, slips in Counter(owners).items():
        if not ticket:
            yield f"{slips} slips that the log does not know"
        elif slips > 1 + again[ticket]:
            yield f"{slips} slips of one ticket"
