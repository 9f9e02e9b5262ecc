"""A how-to as a list of steps, read from its Markdown. Holds the reading; who does a step is `machine`'s and the tests'.

A step is a fenced `sh` block, with the fenced `text` block right below it as what it must print (`…` stands for anything, a
line of `…` alone for any lines), or something done by hand, named for the test in a comment that no reader sees:
`<!-- by hand: plug-in printer -->`, `<!-- in the console: take-number H -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOWTO = Path(__file__).parents[2] / "docs/howto"
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```\n?", re.MULTILINE | re.DOTALL)
_HAND = re.compile(r"<!-- (by hand|in the console): ([\w-]+)([^>]*?) ?-->")


@dataclass(frozen=True)
class Shell:
    code: str
    says: str | None = None


@dataclass(frozen=True)
class Hand:
    verb: str
    words: tuple[str, ...]
    console: bool


Step = Shell | Hand


def text_of(name: str) -> str:
    return (HOWTO / name).read_text(encoding="utf-8")


def steps(text: str) -> list[Step]:
    """Everything to be done, in the order of the page."""
    return [step for _, step in sorted(_found(text), key=lambda found: found[0])]


def _found(text: str) -> Iterator[tuple[int, Step]]:
    fences = list(_FENCE.finditer(text))
    for n, fence in enumerate(fences):
        if fence[2] != "sh":
            continue
        below = fences[n + 1] if n + 1 < len(fences) else None
        answered = below is not None and below[2] == "text" and not text[fence.end() : below.start()].strip()
        yield fence.start(), Shell(_plain(fence), _plain(below) if answered and below else None)
    for hand in _HAND.finditer(text):
        yield hand.start(), Hand(hand[2], tuple(hand[3].split()), hand[1] == "in the console")


def _plain(fence: re.Match[str]) -> str:
    """Without the indent of the list it stands in."""
    return "".join(line.removeprefix(fence[1]) for line in fence[3].splitlines(keepends=True))


def unnamed(text: str) -> list[str]:
    """Lines that send to the console and do not name for the test what is done there."""
    parts = re.split(r"(?m)^(?=.*?\bIn the console:)", _FENCE.sub("", text))[1:]
    return [part.splitlines()[0] for part in parts if "<!-- in the console:" not in part.split("\n\n")[0]]


def fits(said: str, wanted: str) -> bool:
    """Whether an output is what the page shows."""
    lines = [
        "(?:.*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.rstrip().split("…"))) + " *\n" for line in _lines(wanted)
    ]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _lines(said))) is not None


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]
