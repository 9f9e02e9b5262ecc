"""Mistakes put into the product, one at a time, to see whether the checker finds them.

Each is a name, a sentence, and what it puts in the place of what. Nothing here knows how it will be found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.sim.centre import changed

Swap = tuple[Any, str, Any]


@dataclass(frozen=True)
class Fault:
    name: str
    about: str
    swaps: Callable[[], list[Swap]]


FAULTS: dict[str, Fault] = {}


def plant(make: Callable[[], list[Swap]]) -> Callable[[], list[Swap]]:
    FAULTS[make.__name__] = Fault(make.__name__, (make.__doc__ or "").strip(), make)
    return make


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The product with this mistake."""
    with ExitStack() as stack:
        for owner, attribute, value in FAULTS[name].swaps():
            stack.enter_context(changed(owner, attribute, value))
        yield


def table(old: dict[str, Any], **entries: Any) -> dict[str, Any]:
    """A table with some entries another way."""
    return old | entries


def spoiled(function: Callable[..., Any], after: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its result changed by `after(result, *its arguments)`."""

    def other(*args: Any, **fields: Any) -> Any:
        return after(function(*args, **fields), *args)

    return other


def nothing(*_: Any, **__: Any) -> None:
    return None


def sometimes(function: Callable[..., Any], instead: Callable[..., Any], every: int) -> Callable[..., Any]:
    """Every so many calls something else."""
    seen = [0]

    def other(*args: Any, **fields: Any) -> Any:
        seen[0] += 1
        return (instead if seen[0] % every == 0 else function)(*args, **fields)

    return other


def without(rows: Any, *names: str) -> dict[str, Any]:
    return {name: value for name, value in rows.items() if name not in names}
