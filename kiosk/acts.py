"""What may be done to the visit from outside, by name: a touch on the page sends it, a key of the tactile keypad means it.

Holds the names, the checks of what comes with them and nothing of how they came. What follows is the session's affair.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kiosk import dossier, events
from kiosk.agent import Agent
from kiosk.own_slip import QUESTIONS

_CODE = re.compile(r"[0-9A-Za-z_.:-]{1,64}")
Json = dict[str, Any]


class Misuse(Exception):
    """A request no page of ours makes. `args[0]` says what to do instead."""


def _field(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise Misuse(f"give {name} as a short text")
    return value


def _choose(agent: Agent, body: Json) -> None:
    code = _field(body, "service")
    if agent.home.service(code) is None and code != agent.home.help_service:
        raise Misuse("service must be one of those in /api/state")
    service = agent.home.service(code)
    warn = service is not None and service.warning
    agent.post(events.Choose(agent.visit_no(_field(body, "visit")), code, warn))


def _anyway(agent: Agent, body: Json) -> None:
    agent.post(events.TakeAnyway(agent.visit_no(_field(body, "visit"))))


def _language(agent: Agent, body: Json) -> None:
    lang = _field(body, "lang")
    if lang not in agent.languages():
        raise Misuse(f"lang must be one of {', '.join(agent.languages())}")
    agent.post(events.Language(lang))


def _priority(agent: Agent, body: Json) -> None:
    code = body.get("code")
    if code is not None and agent.home.chosen_class(_field(body, "code")) is None:
        raise Misuse("code must be a priority class of this centre")
    agent.post(events.SetPriority(code))


def _simple(make: Callable[[], events.Event]) -> Callable[[Agent, Json], None]:
    return lambda agent, body: agent.post(make())


def _own_slip(agent: Agent, body: Json) -> None:
    what, count = _field(body, "what"), body.get("count", 1)
    if what not in QUESTIONS or not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= 5:
        raise Misuse("what is let_pass (count 1 to 5) or cancel")
    agent.post(events.OwnSlip(what, count))


def _consider(agent: Agent, body: Json) -> None:
    what = body.get("what")
    if what not in (*QUESTIONS, ""):
        raise Misuse("what is let_pass, cancel or nothing")
    agent.post(events.Consider(what))


def _key(agent: Agent, body: Json) -> None:
    key = body.get("key")
    if not isinstance(key, str) or (key not in (dossier.ERASE, dossier.LOOK) and (len(key) != 1 or key not in dossier.SIGNS)):
        raise Misuse("key is one sign of a dossier's code, erase or look")
    agent.post(events.TypeKey(key))


ACTS: dict[str, Callable[[Agent, Json], None]] = {
    "choose": _choose,
    "take-anyway": _anyway,
    "language": _language,
    "priority": _priority,
    "text-size": lambda agent, body: agent.post(events.TextSize(body.get("large") is True)),
    "home": _simple(events.GoHome),
    "browse": _simple(events.Browse),
    "scan-help": _simple(events.ScanHelp),
    "priority-list": _simple(events.OpenPriority),
    "stay": _simple(events.Stay),
    "wake": _simple(events.Wake),
    "consider": _consider,
    "own-slip": _own_slip,
    "type-code": _simple(events.OpenTyping),
    "type": _key,
    "reprint": _simple(events.AskReprint),
    "call-help": _simple(events.AskHelp),
    "alive": lambda agent, body: None,
}
