"""Every free text of the contract, found in the messages' own declarations, and a message that is good but for that one text.

Pure. A field that is added to a message is found by itself; what a reference may be (a service, a counter) is in `GOOD`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from queue_server.contract.strict import Choice, Flag, Listing, Nested, Plain, Text, When, Whole, is_required
from queue_server.web.call import Route
from queue_server.web.routes import ROUTES

WORDS = ("a", "12", "A", "/policy/overtime", "ho-tich", "0" * 64, "a" * 16, "a" * 32, "B" * 20)
GOOD: dict[str, Any] = {
    "service": "ho-tich", "counter": "1", "series": "A", "counters": ["1"], "services": ["ho-tich"], "place": "1", "device": "kiosk-01",
    "role": "kiosk", "site": None, "zone": None, "code": "viec-moi", "state": "ok", "lang": "vi",
}  # fmt: skip


@dataclass(frozen=True)
class FreeText:
    """One text of one call: where it stands in the message, and its kind."""

    route: Route
    path: tuple[str | int, ...]
    kind: Any

    def __str__(self) -> str:
        return f"{self.route.name}:/{'/'.join(map(str, self.path))}"


def is_free(kind: Any) -> bool:
    """Whether somebody could write a tag into it."""
    return isinstance(kind, Plain) or (
        isinstance(kind, Text) and (kind.pattern is None or bool(re.fullmatch(kind.pattern, "<" * max(1, kind.shortest))))
    )


def found(routes: tuple[Route, ...] = ROUTES) -> list[FreeText]:
    return [FreeText(route, path, kind) for route in routes if route.message for path, kind in _texts(route.message, ())]


def _texts(message: type[Any], above: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    for field in dataclasses.fields(message):
        yield from _within(field.metadata["kind"], (*above, field.name))


def _within(kind: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(kind, Nested):
        yield from _texts(kind.message, path)
    elif isinstance(kind, Listing):
        yield from _within(kind.item, (*path, 0))
    elif is_free(kind):
        yield path, kind


def message(text: FreeText, said: str, known: dict[str, Any]) -> dict[str, Any]:
    """A good message with `said` in that place, cut to what it may hold."""
    room = getattr(text.kind, "longest", 200)
    return _filled(text.route.message, text.path, said[:room].ljust(getattr(text.kind, "shortest", 0), "x"), GOOD | known)


def _filled(message: Any, path: tuple[str | int, ...], said: str, known: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for field in dataclasses.fields(message):
        kind = field.metadata["kind"]
        if path and path[0] == field.name:
            made[field.name] = _put(kind, path[1:], said, known)
        elif is_required(field) or (field.name == "service" and path[:1] != ("tasks",)):
            made[field.name] = _usual(field.name, kind, known)
    return made


def _put(kind: Any, path: tuple[str | int, ...], said: str, known: dict[str, Any]) -> Any:
    if isinstance(kind, Listing):
        return [_put(kind.item, path[1:], said, known)]
    if isinstance(kind, Nested):
        return _filled(kind.message, path, said, known)
    return said


def _usual(name: str, kind: Any, known: dict[str, Any]) -> Any:
    if name in known:
        return known[name]
    if isinstance(kind, Nested):
        return _filled(kind.message, (), "", known)
    if isinstance(kind, Listing):
        return [_usual(name, kind.item, known)] if kind.shortest else []
    if isinstance(kind, Choice):
        return next(iter(kind.words)).value
    if isinstance(kind, Whole):
        return max(kind.least, 1)
    if isinstance(kind, Flag):
        return False
    if isinstance(kind, When):
        return "2026-11-23T08:00:00+07:00"
    fits = (word for word in WORDS if kind.shortest <= len(word) <= kind.longest and (not kind.pattern or re.fullmatch(kind.pattern, word)))
    return next(fits, "a") if isinstance(kind, Text) else None
