"""The kiosk for who does not see it: the buttons of a screen in the order keys walk them, and what is said of each.

Pure: a finished view (`screens`) in, stops, words and the meaning of a key out. A key can do exactly what a finger can on
the same screen, so both stay one visit. When something is said, and by whom, is `voice`'s affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kiosk.events import Again, Focus
from kiosk.saying import label, label_spelt, speakable, voice_of
from kiosk.wording import Translate

KEYS = ("next", "previous", "select", "back", "repeat", "louder", "softer")
UNHEARD = ("size", "browse")  # the size of letters; "without a card" only leads to the choices that are here already
HEARD = 6
View = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """A text and the voice that reads it: a language's own name is read by its own voice."""

    voice: str
    text: str


@dataclass(frozen=True)
class Touch:
    """What a finger on the button would send."""

    act: str
    body: Mapping[str, Any] = field(default_factory=dict)


def buttons(view: View) -> tuple[View, ...]:
    """Every button that can be reached by keys, what the person came for first."""
    drop = [view["priority"]["drop"]] if view.get("priority") else []
    shown = [
        *view.get("choices", ()),
        *view.get("pair", ()),
        *view.get("also", ()),
        *view.get("keys", ()),
        *view.get("actions", ()),
        *drop,
        *view["bar"],
    ]
    skipped = UNHEARD if view["screen"] == "home" else UNHEARD[:1]
    return tuple(one for one in shown if one["id"] not in skipped)


def press(view: View, cursor: str, key: str) -> Focus | Again | Touch | None:
    """What a key means on this screen."""
    ring = ["", *(one["id"] for one in buttons(view))]
    at = ring.index(cursor) if cursor in ring else 0
    match key:
        case "next":
            return Focus(ring[(at + 1) % len(ring)])
        case "previous":
            return Focus(ring[(at - 1) % len(ring)])
        case "select":
            return _touch(view, ring[at]) or Again()
        case "back":
            return next((found for id in ("done", "start", "home") if (found := _touch(view, id))), Focus(""))
        case "repeat" | "louder" | "softer":
            return Again({"repeat": 0, "louder": 1, "softer": -1}[key])
    return None


def _touch(view: View, id: str) -> Touch | None:
    found = next((one for one in buttons(view) if one["id"] == id and not one.get("off")), None)
    return Touch(found["post"]["path"].removeprefix("/api/"), found["post"]["body"]) if found else None


# ---------------------------------------------------------------- words
def utterance(view: View, cursor: str, _: Translate) -> tuple[Part, ...]:
    """What is said of the screen, or of the button in hand."""
    reached = buttons(view)
    at = next((at for at, one in enumerate(reached) if one["id"] == cursor), None)
    if at is None:
        centre = _spoken("vi", view["site"]) if view["screen"] == "home" else ()  # its name is Vietnamese in every language
        return centre + _spoken(view["lang"], *_screen(view, len(reached), _))
    one, lang = reached[at], view["lang"]
    state = _("Not possible now") if one.get("off") else ""
    place = _("%(n)s of %(of)s") % {"n": at + 1, "of": len(reached)}
    named = _spoken(one.get("lang") or lang, one.get("said") or one["label"])
    return named + _spoken(lang, one.get("detail") or "", state, place, _typed(view, _))


def _typed(view: View, _: Translate) -> str:
    """The end of what was typed so far, sign by sign: a slip of the finger is heard."""
    return _("Typed: %(signs)s") % {"signs": label_spelt(view["typed"][-HEARD:], view["lang"])} if view.get("typed") else ""


def _spoken(lang: str, *texts: str) -> tuple[Part, ...]:
    return tuple(Part(voice_of(lang), said) for text in texts if (said := speakable(text, lang)))


def _screen(view: View, reached: int, _: Translate) -> list[str]:
    """The screen as a whole, the weightiest first."""
    title, keys = view["title"], _("%(count)s choices. Next and previous: hear them. Select: take one.") % {"count": reached}
    match view["screen"]:
        case "home":
            return [title, view["notice"], keys]
        case "choosing" | "priority":
            chosen = view["priority"]["text"] if view.get("priority") else ""
            return [view["notice"], title, chosen, keys]
        case "typing":
            return [view["notice"] or title, _typed(view, _), keys]
        case "dossier":
            return [title, view["hint"], view["due"], keys]
        case "scan_help":
            return [title, *view["lines"], keys]
        case "issuing":
            return [title or _("Taking your number…")]
        case "number":
            return _number(view, _)
        case "asking":
            return [title, _("Press any key to go on.")]
    return [title, view.get("hint") or "", *([keys] if reached else [])]


def _number(view: View, _: Translate) -> list[str]:
    """The number comes first, twice: as it will be called, and sign by sign."""
    said = [_("Your number is %(label)s") % {"label": label(view["label"], view["lang"])}, label_spelt(view["label"], view["lang"])]
    said += [view["service_name"], *(line["text"] for line in view["lines"])]
    if view["paper"]["state"] != "printing":
        said.append(paper(view))
    return [*said, _("Press repeat to hear it again.")]


def paper(view: View) -> str:
    """What became of the slip. It is said after the number, never into it."""
    return str(view["paper"]["text"]) if view["screen"] == "number" else ""
