"""What each state of the session looks like, as plain values a page can draw without knowing a word.

Pure: session, home and translator in, a dictionary out. Every text is finished here and every button carries the
request it makes. Sizes and places are the style sheet's affair; a QR code is named by its text only.
"""

from __future__ import annotations

from collections.abc import Mapping

from kiosk import dossier_screens, own_screens, wording
from kiosk.events import Help, Paper, Printer, Session, State
from kiosk.values import Home, Service, clock_text
from kiosk.views import View, button
from kiosk.wording import Translate

SHOWN_NAME = 160  # a button shows three lines at most; the rest would only be cut by the style sheet


def view(session: Session, home: Home, visit: str, now: str, translate: Translate, languages: Mapping[str, str]) -> View:
    """The whole screen. `now` is the server's time of day as an instant, `visit` the id this screen's touches carry."""
    make = _SCREENS[session.state]
    screen = make(session, home, visit, now, translate)
    ticket = session.ticket if session.state is State.NUMBER else None
    return {
        "screen": session.state.value,
        "visit": visit,
        "lang": session.lang,
        "large": session.large,
        "audio": session.audio,
        "dim": _resting(session, translate),
        "focus": session.cursor if session.audio else "",
        "site": home.site_name,
        "now": now,
        "bar": _bar(session, home, translate, languages),
        "ticket": {"id": ticket.id, "label": ticket.label, "service": ticket.service, "paper": session.paper.value} if ticket else None,
        **screen,
    }


# ---------------------------------------------------------------- parts
def _resting(session: Session, _: Translate) -> str:
    return _("Please touch the screen") if session.dim else ""


def _bar(session: Session, home: Home, _: Translate, languages: Mapping[str, str]) -> list[View]:
    """Language and text size in the same place on every screen; a way back where there is one."""
    if session.state in (State.ISSUING, State.PAUSED, State.ASKING, State.LOOKING):
        return []
    bar = []
    if session.state in (State.CHOOSING, State.PRIORITY, State.MAY_NOT, State.SCAN_HELP, State.TYPING, State.ERROR):
        bar.append(button("start", _("Start again"), "home", icon="back"))
    tags = [*languages, *languages]  # one button goes round through all of them
    following = tags[tags.index(session.lang) + 1] if session.lang in tags else ""
    if following and following != session.lang:
        bar.append(button("language", languages[following], "language", {"lang": following}, lang=following, icon="globe"))
    size = _("Normal text") if session.large else _("Large text")
    bar.append(button("size", size, "text-size", {"large": not session.large}, icon="size"))
    if home.priority_classes and session.state in (State.HOME, State.CHOOSING):
        bar.append(button("priority", _("Priority"), "priority-list", icon="heart"))
    if session.link and not session.alone and session.state in (State.HOME, State.SCAN_HELP, State.PRIORITY, State.ERROR):
        bar.append(_help_button(session, _))
    return bar


def _help_button(session: Session, _: Translate) -> View:
    """Calm: one press, one call; then it says how the call stands."""
    said = {
        Help.CALLING: _("Calling…"), Help.CALLED: _("Called"), Help.COMING: _("Coming"),
    }.get(session.help)  # fmt: skip
    return button("call-help", said or _("Call staff"), "call-help", icon="bell", off=said is not None)


def _service_button(session: Session, service: Service, visit: str, now: str, _: Translate) -> View:
    name = service.name(session.lang)
    shown = name if len(name) <= SHOWN_NAME else name[:SHOWN_NAME] + "…"
    detail = wording.offer(service, now, _)
    if session.alone:  # how many wait is not known, nor why a series has no numbers left
        detail = "" if service.open else _("Please take a number at the help desk.")
    return button(
        f"service-{service.code}",
        shown,
        "choose",
        {"service": service.code, "visit": visit},
        letter=service.series[:2],
        detail=detail,
        off=not service.open,
        kind="service",
    )


def _choices(session: Session, home: Home, visit: str, now: str, _: Translate) -> list[View]:
    """The services and, always, the one thing for somebody who does not know."""
    shown = [one for one in home.services if one.code != home.help_service]
    buttons = [_service_button(session, one, visit, now, _) for one in shown]
    if home.help_service:
        desk = home.service(home.help_service)
        body = {"service": home.help_service, "visit": visit}
        unsure = _("I don't know what to choose")
        buttons.append(
            button(
                "help",
                unsure,
                "choose",
                body,
                letter="?",
                detail=_("Our staff will help you"),
                off=bool(desk and not desk.open),
                kind="help",
            )
        )
    return buttons


def _notice(session: Session, _: Translate) -> str:
    about_help = {
        Help.CALLED: _("Our staff know. Please wait here."),
        Help.COMING: _("Somebody is coming to you."),
        Help.FAILED: _("The machine could not call. Please ask at the help desk."),
    }.get(session.help)
    if about_help:
        return about_help
    if session.printer is Printer.OUT:
        return _("Out of paper: your number will be shown on the screen")
    if session.printer is Printer.FAULT:
        return _("The printer is resting: your number will be shown on the screen")
    return _("The server is away: you are called by the time on your slip") if session.alone else ""


def _outside(home: Home, _: Translate) -> str:
    """What somebody else's system keeps the counters from doing. Numbers are given all the same."""
    return _("Not working now: %(names)s. You can still take a number.") % {"names": ", ".join(home.outages)} if home.outages else ""


def _actions_home(_: Translate) -> View:
    return button("home", _("Back to the first screen"), "home")


# ---------------------------------------------------------------- screens
def _home(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    return {
        "title": _("Please take a number"),
        "pair": [
            button("scan", _("Scan your ID card"), "scan-help", icon="card", detail=_("Hold the QR code in front of the reader")),
            button("browse", _("Take a number without a card"), "browse", icon="touch", detail=_("Touch what you need to do")),
        ],
        "also": dossier_screens.way_in(session, home, _),
        "heading": _("or touch what you need"),
        "choices": _choices(session, home, visit, now, _),
        "paging": _paging(_),
        "notice": _notice(session, _) or _outside(home, _),
    }


def _paging(_: Translate) -> View:
    return {"previous": _("Previous"), "next": _("More"), "page": _("Page %(n)s of %(of)s")}


def _choosing(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    chosen = home.chosen_class(session.priority)
    screen: View = {
        "title": _("What do you need today?"),
        "choices": _choices(session, home, visit, now, _),
        "paging": _paging(_),
        "notice": _("Card read. Please take your card.")
        if session.card and session.card.kind == "id_card"
        else _notice(session, _) or _outside(home, _),
    }
    if chosen:
        screen["priority"] = {
            "text": _("Priority: %(name)s") % {"name": chosen.name(session.lang)},
            "drop": button("drop-priority", _("Without priority"), "priority", {"code": None}),
        }
    return screen


def _priority(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    choices = [
        button(f"class-{one.code}", one.name(session.lang), "priority", {"code": one.code}, letter="", detail="", kind="class")
        for one in home.priority_classes
    ]
    choices.append(button("class-none", _("No priority"), "priority", {"code": None}, letter="", detail="", kind="help"))
    return {
        "title": _("Who comes first by law"),
        "choices": choices,
        "paging": _paging(_),
        "notice": _("Our staff may ask for your papers"),
    }


def _scan_help(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    return {
        "title": _("Scan your ID card"),
        "icon": "card",
        "lines": [
            _("Hold the side with the QR code in front of the reader."),
            _("Keep it still until you hear a beep."),
            _("The machine keeps neither your name nor your number."),
        ],
        "actions": [button("browse", _("Take a number without a card"), "browse")],
    }


def _may_not(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    """Asked once, before anything is printed. Drawn as what went wrong is: a sentence and two ways on."""
    service = home.service(session.service or "")
    name = service.name(session.lang)[:60] if service else ""
    kept = _("If you are not called today, this number comes first on the next working day.")
    come = _("You may also come at the next opening.")
    actions = [
        button("browse", _("Choose something else"), "browse", primary=True),
        button("take-anyway", _("Take the number anyway"), "take-anyway", {"visit": visit}, primary=True),
    ]
    return {
        "screen": State.ERROR.value,
        "title": _("There may not be time for you today: %(name)s") % {"name": name},
        "hint": kept if home.settings.carry else come,
        "actions": actions,
        "problem": "may_not_be_served",
    }


def _issuing(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    return {"title": _("Taking your number…") if session.slow else "", "slow": session.slow, "service": session.service}


def _number(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    ticket = session.ticket
    assert ticket is not None
    chosen = home.chosen_class(ticket.priority_class)
    lines = [
        ("time", _("Time of your number: %(time)s") % {"time": clock_text(ticket.issued_at)} if ticket.alone else ""),
        ("ahead", _("You are called by this time; how long you wait is not known yet") if ticket.alone else wording.ahead(ticket.ahead, _)),
        ("wait", wording.expected(ticket, _, short=True)),
        ("zone", wording.place(ticket.zone, _)),
        ("priority", _("Priority: %(name)s") % {"name": chosen.name(session.lang)} if chosen else ""),
    ]
    told, tone = _paper(session, ticket.label, bool(ticket.url), _)
    actions = [button("done", _("Done"), "home", primary=True)]
    if session.repeat and session.printer in (Printer.READY, Printer.LOW):
        actions.insert(0, button("reprint", _("Print again"), "reprint", icon="paper"))
    if session.paper is Paper.PRINTING:
        actions = []
    on_screen = session.paper in (Paper.MISSING, Paper.UNCONFIRMED)
    return {
        "title": _("You already have number %(label)s") % {"label": ticket.label} if session.repeat else _("Your number"),
        "label": ticket.label,
        "service_name": wording.service_name(home, ticket.service, session.lang, _)[:SHOWN_NAME],
        "lines": [{"id": id_, "text": text} for id_, text in lines if text],
        "paper": {"state": "repeat" if session.repeat else session.paper.value, "text": told, "tone": tone},
        "qr_text": ticket.url if on_screen else "",
        "actions": actions,
    }


def _found(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    """A slip laid on the reader: drawn and read aloud as a number is, with how it stands in the place of the paper."""
    found = session.found
    assert found is not None
    if session.considering in own_screens.ASKED:
        return own_screens.ASKED[session.considering](found, _)
    lines = [
        ("ahead", wording.ahead(found.ahead, _)),
        ("wait", wording.expected(found, _, short=True)),
        ("zone", wording.place(found.zone, _) if found.state in ("waiting", "held") else ""),
    ]
    actions = [button("done", _("Done"), "home", primary=True), *own_screens.offers(session, found, _)]
    if not found.alive:
        actions.append(button("browse", _("Take a new number"), "browse"))
    told, tone = wording.standing(found.state, found.counter, _)
    return {
        "screen": State.NUMBER.value,
        "title": _("Your number"),
        "label": found.label,
        "service_name": found.service_name(session.lang)[:SHOWN_NAME],
        "lines": [{"id": id_, "text": text} for id_, text in lines if text],
        "paper": {"state": "found", "text": told, "tone": tone},
        "qr_text": "",
        "actions": actions,
    }


def _paper(session: Session, label: str, has_url: bool, _: Translate) -> tuple[str, str]:
    if session.repeat:
        return _("Print again only if you lost the slip"), "calm"
    if session.paper is Paper.PRINTED:
        return _("Take your slip from the slot below"), "good"
    if session.paper is Paper.PRINTING:
        return _("Printing your slip…"), "calm"
    keep = _("Take a picture of this screen.") if not has_url else _("Scan this code or take a picture of this screen.")
    if session.paper is Paper.UNCONFIRMED:
        return _("No slip below? Keep this number.") + " " + keep, "care"
    if session.printer is Printer.OUT:
        return _("The machine is out of paper. Your number is %(label)s.") % {"label": label} + " " + keep, "care"
    return _("The machine cannot print. Your number is %(label)s.") % {"label": label} + " " + keep, "care"


def _error(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    service = home.service(session.service or "")
    name = service.name(session.lang)[:60] if service else ""
    again = button("browse", _("Choose something else"), "browse", primary=True)
    desk = _("Please take a number at the help desk.")
    opens = wording.opens(service.next_open_at, now, _) if service else ""
    known: dict[str, tuple[str, str, list[View]]] = {
        "card_unreadable": (
            _("The machine could not read the card yet."),
            _("Hold it still in front of the reader for 3 seconds."),
            [
                button("retry", _("Try again"), "scan-help", primary=True),
                button("browse", _("Take a number without a card"), "browse", primary=True),
            ],
        ),
        "card_other": (
            _("This machine cannot use this card or code."),
            _("Please use your ID card, or take a number without a card."),
            [
                button("retry", _("Scan your ID card"), "scan-help", primary=True),
                button("browse", _("Take a number without a card"), "browse", primary=True),
            ],
        ),
        "no_paper": (_("The machine is out of paper."), _("Please use the next machine or the help desk."), [_actions_home(_)]),
        "quota_full": (_("No numbers are left today for: %(name)s") % {"name": name}, opens or desk, [again]),
        "capacity_full": (_("No more people can be served today: %(name)s") % {"name": name}, opens or desk, [again]),
        "service_closed": (_("Closed now: %(name)s") % {"name": name}, opens or desk, [again]),
        "outside_hours": (_("Closed now: %(name)s") % {"name": name}, opens or desk, [again]),
        "holder_limit": (_("This card has taken enough numbers today."), desk, [_actions_home(_)]),
        "slip_unknown": (_("This slip is not from here, or not from today."), desk, [again, _actions_home(_)]),
        "slip_later": (
            _("The machine could not look up this number."),
            _("Please try again, or ask at the help desk."),
            [_actions_home(_)],
        ),
        **own_screens.problems(session.from_time, now, again, _actions_home(_), _),
        "already_waiting": (_("This card already has a number."), desk, [_actions_home(_)]),
    }
    text, hint, actions = known.get(session.problem) or (_("The machine could not take your number."), desk, [_actions_home(_)])
    return {"title": text, "hint": hint, "actions": actions, "problem": session.problem}


def _paused(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    return {"title": _("This machine is resting."), "hint": _("Please take a number at the help desk.")}


def _asking(session: Session, home: Home, visit: str, now: str, _: Translate) -> View:
    settings = home.settings
    return {
        "title": _("Are you still there?"),
        "ask_ms": settings.audio_ask_ms if session.audio else settings.ask_large_ms if session.large else settings.ask_ms,
        "actions": [button("stay", _("I need more time"), "stay", primary=True), button("home", _("Start again"), "home", primary=True)],
    }


_SCREENS = {
    State.PAUSED: _paused,
    State.HOME: _home,
    State.SCAN_HELP: _scan_help,
    State.CHOOSING: _choosing,
    State.PRIORITY: _priority,
    State.MAY_NOT: _may_not,
    State.ISSUING: _issuing,
    State.NUMBER: _number,
    State.FOUND: _found,
    State.TYPING: dossier_screens.typing,
    State.LOOKING: dossier_screens.looking,
    State.DOSSIER: dossier_screens.shown,
    State.ERROR: _error,
    State.ASKING: _asking,
}
