"""A dossier looked up by its code: which codes are asked about, and the answer in words a citizen can follow.

Looking only: nothing is written, and nothing here could say whose dossier it is. Asking the dossier system is the web's affair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from queue_server.contract.times import encode as moment
from queue_server.domain import dossier_code, dossier_state
from queue_server.domain.config import SiteConfig
from queue_server.domain.errors import invalid
from queue_server.services.queries import house

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader


@dataclass(frozen=True, slots=True)
class Known:
    """What a dossier system may tell of a dossier: its published state, the promised day, and where its result lies."""

    state: int
    due_on: str | None = None
    collect_at: str | None = None


def code(text: str) -> str:
    """The code in one form. One of neither form in use is refused before anybody is asked."""
    found = dossier_code.normal(text)
    if not dossier_code.known(found):
        raise invalid("/code", "unknown_form", "e.g. 000.00.53.H48-220921-0001 or G09.20-20260609-0000001")
    return found


def answer(reader: Reader, site: str, code: str, known: Known, asked_at: int) -> dict[str, Any]:
    """State and what to do, in this site's words."""
    _, config = house(reader, site)
    names = dossier_state.STATES[known.state].names
    return {
        "code": code,
        "state": {"number": known.state, **names},
        "what_to_do": _what_to_do(config, known),
        "due_on": known.due_on,
        "asked_at": moment(asked_at),
    }


def _what_to_do(config: SiteConfig, known: Known) -> dict[str, Any]:
    step = config.dossier_steps.get(known.state, dossier_state.Step())
    # A service or a counter that was taken out of the site since offers nothing any more; the words stay.
    step = replace(
        step,
        service=step.service if step.service in config.services else None,
        counter=step.counter if step.counter in config.counters else None,
    )
    counter = _counter(config, step, known)
    words = dossier_state.then(known.state, step, config.counters[counter].name if counter else None)
    return {**words, "service": step.service, "counter": counter}


def _counter(config: SiteConfig, step: dossier_state.Step, known: Known) -> str | None:
    """The counter: where the dossier system says a finished result lies, as far as it is one of ours; else the configured one; else
    the only one that is set up for the service."""
    if known.state == dossier_state.DONE and known.collect_at is not None:
        told = (each.code for each in config.counters.values() if known.collect_at in (each.code, each.name))
        if found := next(told, None):
            return found
    if step.counter is not None or step.service is None:
        return step.counter
    serving = [each.code for each in config.counters.values() if each.services is not None and step.service in each.services]
    return serving[0] if len(serving) == 1 else None
