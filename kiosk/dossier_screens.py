"""What the look-up of a dossier looks like: the keys to type a code with, and one screen for whatever was found.

Pure: session, home and translator in, parts of a screen out.
"""

from __future__ import annotations

from kiosk import dossier, own_dossier
from kiosk.events import Session, State
from kiosk.values import Home, date_text
from kiosk.views import View, button
from kiosk.wording import Translate

EXAMPLE = "000.00.53.H48-220921-0001"


def way_in(session: Session, home: Home, _: Translate) -> list[View]:
    """The button of the first screen; none where no dossier can be looked up."""
    if not own_dossier.can_ask(session, home.settings):
        return []
    return [button("look-up", _("Look up a dossier"), "type-code", icon="search", detail=_("Scan the code on your receipt, or type it"))]


def typing(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    said = {".": _("dot"), "-": _("dash")}
    keys = [
        button(f"key-{ord(sign)}", sign, "type", {"key": sign, "visit": visit}, kind="key", said=said.get(sign, ""))
        for sign in dossier.SIGNS
    ]
    erase = button("erase", _("Erase"), "type", {"key": dossier.ERASE, "visit": visit}, kind="key", icon="erase", off=not session.typed)
    look = button("look", _("Look up"), "type", {"key": dossier.LOOK, "visit": visit}, icon="search", primary=True, off=not session.typed)
    wrong = session.problem == own_dossier.WRONG
    return {
        "title": _("Type the code on your receipt"),
        "typed": session.typed,
        "example": _("Like %(code)s") % {"code": EXAMPLE},
        "notice": _("This is not a whole code yet") if wrong else "",
        "keys": [*keys, erase],
        "actions": [look],
    }


def looking(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    """Drawn as the wait for a number, at once: no button was touched that could stay in sight."""
    return {"screen": State.ISSUING.value, "title": _("Looking up your dossier…"), "slow": True, "service": None}


def shown(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    """What was found, in large plain words, and the ways on. A number can always be taken."""
    done = button("home", _("Back to the first screen"), "home")
    other = button("browse", _("Take a number"), "browse", icon="touch")
    code = session.card.dossier_code or "" if session.card else ""
    if session.dossier is None:
        return _not_found(session, code, done, other, _)
    found = session.dossier
    due = date_text(found.due_on) if found.due_on and found.tone == "calm" else ""
    service = home.service(found.service)
    take = []
    if service is not None and service.open:
        label = _("Take a number to collect") if found.number == dossier.DONE else _("Take a number")
        take = [button("take", label, "choose", {"service": service.code, "visit": visit}, icon="touch", primary=True)]
    return {
        "title": found.state_in(session.lang),
        "hint": found.then_in(session.lang),
        "code": _("Dossier %(code)s") % {"code": code},
        "due": _("Promised for: %(day)s") % {"day": due} if due else "",
        "tone": found.tone,
        "actions": [*(take or [other]), done],
        "problem": f"dossier_{found.number}",
    }


def _not_found(session: Session, code: str, done: View, other: View, _: Translate) -> View:
    first = {**other, "primary": True}
    again = button("type-again", _("Type it again"), "type-code", icon="back")
    texts = {
        own_dossier.UNKNOWN: (_("This dossier was not found."), _("Please check the code on your receipt."), [again, first, done]),
        own_dossier.WRONG: (_("This is not the code of a dossier."), _("Please check the code on your receipt."), [again, first, done]),
    }
    silent = (_("It could not be looked up yet."), _("You can take a number all the same."), [first, done])
    title, hint, actions = texts.get(session.problem, silent)
    return {
        "title": title,
        "hint": hint,
        "code": _("Dossier %(code)s") % {"code": code} if code else "",
        "due": "",
        "tone": "care",
        "actions": actions,
        "problem": session.problem,
    }
