"""The citizen's languages: any tag with a catalogue beside this file, whether or not anybody else has heard of it.

Holds loading and choosing. Msgids are English, so English needs no catalogue and never falls back; a hole in another
language shows Vietnamese, never a key. Service names are data and come from the server. No screen, no request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locale"
PSEUDO = "en_XA"  # accents, length and brackets: shows hard-coded text and text that is cut off
OWN_NAMES = {"vi": "Tiếng Việt", "en": "English", PSEUDO: "Pseudo"}
Translate = Callable[[str], str]

_PLACEHOLDER = re.compile(r"(%\(\w+\)s)")
_ACCENTS = str.maketrans("aeioucdnstyAEIOUCDNSTY", "áéíóúçđñšťýÁÉÍÓÚÇĐÑŠŤÝ")


def pseudo(text: str) -> str:
    parts = _PLACEHOLDER.split(text)
    accented = "".join(part if _PLACEHOLDER.fullmatch(part) else part.translate(_ACCENTS) for part in parts)
    longer = " ".join(["ẽộ"] * max(1, round(len(text) * 0.4 / 3)))
    return f"⟦{accented} {longer}⟧"


@cache
def catalogue(tag: str) -> dict[str, str]:
    """Msgid → text of one language; empty where there is none."""
    if tag not in available():
        return {}
    path = LOCALES / tag / "messages.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        entries = read_po(file)
    return {str(entry.id): str(entry.string) for entry in entries if entry.id and entry.string and not entry.fuzzy}


@cache
def available() -> frozenset[str]:
    """An allow-list of folders: no tag from outside ever becomes a path."""
    return frozenset({"vi", "en"} | {path.parent.name for path in LOCALES.glob("*/messages.po")})


def offered(wanted: Iterable[str], extra: Iterable[str] = ()) -> tuple[str, ...]:
    """The languages of a kiosk: what the centre wants and this kiosk can speak, Vietnamese whatever happens."""
    allowed = available() | set(extra)
    kept = tuple(dict.fromkeys(tag for tag in (*wanted, *extra) if tag in allowed))
    return kept or ("vi",)


def own_name(tag: str) -> str:
    return OWN_NAMES.get(tag) or catalogue(tag).get("English") or tag


def translator(tag: str) -> Translate:
    if tag == "en":
        return lambda text: text
    if tag == PSEUDO:
        return pseudo
    own, fallback = catalogue(tag), catalogue("vi")
    return lambda text: own.get(text) or fallback.get(text) or text


def pair(text: str) -> str:
    """A template's own text in both languages of every centre, for pages shown when no program can choose one."""
    return f"{translator('vi')(text)} · {text}"
