"""What somebody sees who laid a slip or a code of their own on the reader: what may be done, the question before it, what went wrong.

Pure: values and translator in, parts of a screen out. Drawn as other screens are: a question as a problem with two ways on,
a choice of how many as the priority classes.
"""

from __future__ import annotations

from collections.abc import Callable

from kiosk.events import Session
from kiosk.values import Found
from kiosk.views import View, button
from kiosk.wording import Translate, from_when

Problem = tuple[str, str, list[View]]


def offers(session: Session, found: Found, _: Translate) -> list[View]:
    """What the holder of this slip may do now; nothing while the server is asked."""
    if session.considering:
        return []
    named = {"let_pass": (_("Let others go first"), "people"), "cancel": (_("Cancel this number"), "cross")}
    return [button(what, named[what][0], "consider", {"what": what}, icon=named[what][1]) for what in found.offers]


def _let_pass(found: Found, _: Translate) -> View:
    choices = [
        button(f"let-{n}", _("1 person") if n == 1 else _("%(count)s people") % {"count": n}, "own-slip", {"what": "let_pass", "count": n},
               letter="", detail="", kind="class")
        for n in range(1, 6)
    ]  # fmt: skip
    return {
        "screen": "priority",
        "title": _("%(label)s: let how many go first?") % {"label": found.label},
        "notice": _("You cannot take your old place back."),
        "choices": [*choices, button("keep", _("Keep my place"), "consider", {"what": ""}, letter="", detail="", kind="class")],
        "paging": {"previous": _("Previous"), "next": _("More"), "page": _("Page %(n)s of %(of)s")},
    }


def _cancel(found: Found, _: Translate) -> View:
    return {
        "screen": "error",
        "title": _("Cancel number %(label)s?") % {"label": found.label},
        "hint": _("A cancelled number loses its place for good."),
        "problem": "cancel",
        "actions": [
            button("keep", _("Keep my number"), "consider", {"what": ""}, primary=True),
            button("cancel-yes", _("Yes, cancel it"), "own-slip", {"what": "cancel"}, primary=True),
        ],
    }


ASKED: dict[str, Callable[[Found, Translate], View]] = {"let_pass": _let_pass, "cancel": _cancel}


def problems(from_time: str, now: str, again: View, home: View, _: Translate) -> dict[str, Problem]:
    """What may go wrong with a slip or an appointment, in words: what it is, what to do, and the ways on."""
    desk = _("Please ask at the help desk.")
    come = _("Please scan your code from %(time)s.") % {"time": from_when(from_time, now, _)} if from_time else desk
    return {
        "appointment_early": (_("You are early for your appointment."), come, [home, again]),
        "appointment_ended": (_("This appointment is over."), _("Please take a number for today."), [again, home]),
        "appointment_unknown": (_("This appointment code is not from here."), _("Please take a number for today."), [again, home]),
        "appointment_later": (_("Appointments cannot be looked up now."), _("Please take a number for today."), [again, home]),
        "nobody_behind": (_("Nobody is behind you yet."), _("Your place is kept."), [home]),
        "slip_changed": (_("It is your turn, or this number has ended."), _("Please look at the board now."), [home]),
    }
