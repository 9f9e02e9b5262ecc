"""The visit as a table, by ear: headphones, keys and the times of who listens; and the first screen that rests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk.events import (
    Again,
    CardRead,
    Choose,
    Focus,
    GoHome,
    Headphones,
    Language,
    Link,
    Printer,
    PrinterSays,
    ScanHelp,
    State,
    Tick,
    Wake,
)
from kiosk.session import step
from kiosk.timing import deadline_ms
from tests.kiosk.test_session import CARD, S, at


@pytest.mark.parametrize("state", State)
def test_plugging_in_begins_to_be_heard_on_every_screen(state: State) -> None:
    session, effects = step(at(state), Headphones(True), 5, S)
    assert (session.state, session.audio, session.cursor, effects) == (state, True, "", ())


@pytest.mark.parametrize("state", State)
def test_unplugging_ends_it_and_leaves_nothing_of_the_person(state: State) -> None:
    session, effects = step(at(state, audio=True, cursor="help", volume=5, card=CARD, lang="en"), Headphones(False), 9_000, S)
    assert (session.audio, session.cursor, session.volume, effects) == (False, "", 3, ())
    if state in (State.ISSUING, State.NUMBER, State.PAUSED):  # a number on its way comes, and is shown as long as to anybody
        assert session.state is state
        assert deadline_ms(session, S) == {State.PAUSED: None, State.ISSUING: 1_000, State.NUMBER: 19_000}[state]
    else:
        assert (session.state, session.card, session.lang) == (State.HOME, None, "vi")


@pytest.mark.parametrize("state", [state for state in State if state not in (State.ISSUING, State.LOOKING, State.ASKING)])
def test_every_screen_waits_longer_for_who_listens_and_still_ends(state: State) -> None:
    usual, heard = deadline_ms(at(state), S), deadline_ms(at(state, audio=True, touched_ms=50_000), S)
    assert heard is not None
    assert heard >= 50_000 + 120_000
    assert usual is None or heard >= 2 * usual
    ended, _ = step(at(state, audio=True, touched_ms=50_000), Tick(), heard, S)
    assert ended.state in (State.HOME, State.ASKING)
    assert ended.audio is (ended.state is State.ASKING)


def test_any_key_says_that_somebody_is_there() -> None:
    asking, _ = step(at(State.CHOOSING, audio=True, card=CARD), Tick(), 180_000, S)
    assert (asking.state, deadline_ms(asking, S)) == (State.ASKING, 240_000)
    for key in (Focus("x"), Again(), Again(-1)):
        back, _ = step(asking, key, 200_000, S)
        assert (back.state, back.card, back.audio) == (State.CHOOSING, CARD, True)


def test_who_starts_again_by_ear_goes_on_hearing_in_the_same_language() -> None:
    session, _ = step(at(State.CHOOSING, audio=True, volume=4, lang="en", card=CARD), GoHome(), 5, S)
    assert (session.state, session.audio, session.volume, session.lang, session.card) == (State.HOME, True, 4, "en", None)
    session, _ = step(session, Link(False), 6, S)
    assert (session.state, session.audio) == (State.PAUSED, True)
    session, _ = step(session, Link(True), 7, S)
    assert (session.state, session.audio) == (State.HOME, True)


def test_the_volume_has_five_steps_and_the_next_person_the_middle_one() -> None:
    session = at(State.HOME, audio=True)
    for wanted in (4, 5, 5):
        session, _ = step(session, Again(1), 1, S)
        assert session.volume == wanted
    for wanted in (4, 3, 2, 1, 1):
        session, _ = step(session, Again(-1), 1, S)
        assert session.volume == wanted
    assert step(session, Tick(), 180_001, S)[0].volume == 3


def test_keys_of_nobody_who_listens_do_nothing() -> None:
    for event in (Focus("help"), Again(1)):
        assert step(at(State.HOME), event, 5, S) == (at(State.HOME), ())


def test_a_new_screen_is_heard_from_its_beginning() -> None:
    session, _ = step(at(State.HOME, audio=True), Focus("service-ho-tich"), 1, S)
    assert session.cursor == "service-ho-tich"
    session, _ = step(session, Choose(1, "ho-tich"), 2, S)
    assert (session.state, session.cursor, session.audio) == (State.ISSUING, "", True)


# ---------------------------------------------------------------- a screen that rests
def test_the_first_screen_rests_only_where_a_centre_says_so() -> None:
    resting = replace(S, dim_ms=600_000)
    assert deadline_ms(at(State.HOME), S) is None
    assert deadline_ms(at(State.HOME, touched_ms=5), resting) == 600_005
    dim, effects = step(at(State.HOME), Tick(), 600_000, resting)
    assert (dim.state, dim.dim, effects) == (State.HOME, True, ())
    assert deadline_ms(dim, resting) is None
    for happens in (PrinterSays(Printer.OUT), Tick(), Link(True)):
        assert step(dim, happens, 600_001, resting)[0].dim, "nobody is there yet"
    for somebody in (Wake(), CardRead(CARD), Headphones(True), ScanHelp(), Language("en")):
        woken, _ = step(dim, somebody, 700_000, resting)
        assert not woken.dim
        assert deadline_ms(woken, resting) is None or deadline_ms(woken, resting) > 700_000  # type: ignore[operator]
