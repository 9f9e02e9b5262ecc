"""A dossier as the kiosk meets it: the form of its code, the keys to type one with, and what the server tells of it.

Pure values. The form is that of the server's own rules, in this room's words because the kiosk sees only messages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_FORM = re.compile(r"[0-9A-Z]{1,5}(?:\.[0-9A-Z]{1,5})*-(?:\d{6}|\d{8})-\d{4,7}", re.ASCII)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
LONGEST = 40
SIGNS = "1234567890.-ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # in the order of the keys: what most codes are made of comes first
ERASE, LOOK = "erase", "look"
DONE = 9  # of the ten published states: the result can be collected
GOOD, CALM = (DONE,), (1, 2, 4, 10)  # in all others somebody has to do something


def known(text: str) -> str:
    """The code in one form, or nothing where it is no code."""
    tidy = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).translate(_DASHES)).upper()
    return tidy if _FORM.fullmatch(tidy) else ""


def typed(before: str, key: str) -> str:
    """What stands on the screen after a key; anything that is no key changes nothing."""
    if key == ERASE:
        return before[:-1]
    return before + key if len(key) == 1 and key in SIGNS and len(before) < LONGEST else before


@dataclass(frozen=True)
class Dossier:
    """Its state and what to do, in words by language. Nothing here says whose it is."""

    number: int
    state: Mapping[str, str] = field(default_factory=dict)
    then: Mapping[str, str] = field(default_factory=dict)
    service: str = ""
    due_on: str = ""

    def state_in(self, lang: str) -> str:
        return _in(self.state, lang)

    def then_in(self, lang: str) -> str:
        return _in(self.then, lang)

    @property
    def tone(self) -> str:
        return "good" if self.number in GOOD else "calm" if self.number in CALM else "care"


def _in(texts: Mapping[str, str], lang: str) -> str:
    return texts.get(lang) or texts.get("en" if lang.startswith("en") else "vi") or ""


def dossier_from(item: Mapping[str, Any]) -> Dossier:
    state, then = item["state"], item.get("what_to_do") or {}
    return Dossier(
        number=int(state["number"]),
        state=_texts(state),
        then=_texts(then),
        service=str(then.get("service") or ""),
        due_on=str(item.get("due_on") or ""),
    )


def _texts(item: Mapping[str, Any]) -> dict[str, str]:
    """The words of an answer, by language; its other members are no words."""
    others = ("number", "service", "counter")
    return {str(lang): text for lang, text in item.items() if lang not in others and isinstance(text, str)}
