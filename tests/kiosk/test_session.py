"""The visit as a table: every pair of state and event, the promises to a citizen, and random walks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.events import (
    Again,
    AppointmentRead,
    AskHelp,
    AskReprint,
    Browse,
    CallHelp,
    Card,
    CardRead,
    CardUnreadable,
    Choose,
    Consider,
    DossierRead,
    DossierTold,
    Event,
    Focus,
    GoHome,
    Headphones,
    Help,
    HelpSays,
    Issue,
    Issued,
    Language,
    Link,
    LookUp,
    OpenPriority,
    OpenTyping,
    OwnSlip,
    Paper,
    Print,
    PrintDone,
    Printer,
    PrinterSays,
    Recent,
    Refused,
    ReportUnprinted,
    ScanHelp,
    Session,
    SetPriority,
    SlipFound,
    SlipRead,
    State,
    Stay,
    TakeAnyway,
    TextSize,
    Tick,
    TypeKey,
    Wake,
)  # fmt: skip
from kiosk.session import TABLE, recent_for_visit, step
from kiosk.timing import deadline_ms
from kiosk.values import Found, Settings, Ticket

S = Settings()
TICKET = Ticket("t1", "A105", "ho-tich", "Khu A", 6, 1200, 1800, "2026-11-21T07:42:10+07:00")
FOUND = Found("A105", "waiting", {"vi": "Hộ tịch"}, "Khu A", "", 4, 600, 1200)
CARD = Card("id_card", "ab" * 32)
EVENTS: list[Event] = [
    Choose(1, "ho-tich"), TakeAnyway(1),
    Browse(), ScanHelp(), CardRead(CARD), CardUnreadable(), SlipRead("k7Qm2xV9bT4wZ1nR8sY5cA"), SlipFound(1, FOUND),
    SlipFound(1, None, "slip_unknown"), OpenPriority(), SetPriority("elderly"), Issued(1, TICKET),
    Refused(1, "quota_full"), PrintDone("t1", Paper.PRINTED), AskReprint(), GoHome(), Stay(), Language("en"), TextSize(True), Link(True),
    Link(False), PrinterSays(Printer.OUT), Headphones(True), Headphones(False), Focus("help"), Again(), Again(1), Wake(), Tick(),
    AskHelp(), HelpSays(Help.CALLED), AppointmentRead("k7Qm2xV9bT4wZ1nR8sY5cA"), Consider("cancel"), OwnSlip("cancel"),
    DossierRead("H48-220921-0001"), OpenTyping(), TypeKey("1"), DossierTold(1, "H48-220921-0001", None, "dossier_silent"),
]  # fmt: skip


def at(state: State, **more: object) -> Session:
    start = Session(state=state, link=True, home_lang="vi", service="ho-tich")
    if state is State.NUMBER:
        start = replace(start, ticket=TICKET, paper=Paper.PRINTED)
    if state is State.FOUND:
        start = replace(start, found=FOUND)
    if state is State.ASKING:
        start = replace(start, under=State.CHOOSING)
    return replace(start, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_pair_outside_the_table_changes_nothing(state: State, event: Event) -> None:
    before = at(state)
    after, effects = step(before, event, 500, S)
    if (state, type(event)) not in TABLE:
        assert (after, effects) == (before, ())


def test_the_table_names_only_known_events() -> None:
    assert {kind for _, kind in TABLE} == {type(event) for event in EVENTS}


# ---------------------------------------------------------------- the two ways to a number
def test_one_touch_and_a_number() -> None:
    session, effects = step(at(State.HOME), Choose(1, "ho-tich"), 0, S)
    assert session.state is State.ISSUING
    assert effects == (Issue(1, "ho-tich", None, None, "vi"),)
    session, effects = step(session, Issued(1, TICKET), 300, S)
    assert (session.state, session.paper, effects) == (State.NUMBER, Paper.PRINTING, (Print(TICKET, "vi"),))


def test_a_card_then_one_touch() -> None:
    session, effects = step(at(State.HOME), CardRead(CARD, "elderly", "ho-tich"), 0, S)
    assert (session.state, session.priority, effects) == (State.CHOOSING, "elderly", ())
    _, effects = step(session, Choose(1, "ho-tich"), 1, S)
    assert effects == (Issue(1, "ho-tich", CARD, "elderly", "vi"),)


def test_a_card_alone_where_only_one_thing_is_possible() -> None:
    _, effects = step(at(State.HOME), CardRead(CARD, None, "ho-tich"), 0, S)
    assert effects == (Issue(1, "ho-tich", CARD, None, "vi"),)


def test_priority_is_proposed_and_can_be_dropped() -> None:
    session, _ = step(at(State.HOME), CardRead(CARD, "elderly"), 0, S)
    session, _ = step(session, SetPriority(None), 1, S)
    assert (session.state, session.priority) == (State.CHOOSING, None)


# ---------------------------------------------------------------- never twice
def test_a_button_is_dead_after_the_first_touch() -> None:
    session, _ = step(at(State.HOME), Choose(1, "ho-tich"), 0, S)
    assert step(session, Choose(1, "ho-tich"), 1, S) == (session, ())
    session, _ = step(session, Issued(1, TICKET), 2, S)
    assert step(session, Choose(1, "dat-dai"), 3, S) == (session, ())
    assert recent_for_visit(session, 1, 3, S) == TICKET


def test_a_touch_on_a_screen_that_is_gone_does_nothing() -> None:
    assert step(at(State.HOME, visit_no=2), Choose(1, "ho-tich"), 0, S)[1] == ()


def test_the_same_card_within_a_minute_has_its_number() -> None:
    session, _ = step(at(State.HOME), CardRead(CARD, None, "ho-tich"), 0, S)
    session, _ = step(session, Issued(1, TICKET), 100, S)
    session, _ = step(session, PrintDone("t1", Paper.PRINTED), 900, S)
    session, _ = step(session, GoHome(), 5_000, S)
    again, effects = step(session, CardRead(CARD, None, "ho-tich"), 50_000, S)
    assert (again.state, again.repeat, again.ticket, effects) == (State.NUMBER, True, TICKET, ())
    printing, effects = step(again, AskReprint(), 51_000, S)
    assert effects == (Print(TICKET, "vi", reprint=True),)
    assert step(printing, AskReprint(), 51_001, S)[1] == ()
    later, effects = step(session, CardRead(CARD, None, "ho-tich"), 60_101, S)
    assert isinstance(effects[0], Issue)
    assert later.state is State.ISSUING


def test_another_card_during_printing_waits_and_after_it_comes_in() -> None:
    session, _ = step(at(State.HOME), Choose(1, "ho-tich"), 0, S)
    session, _ = step(session, Issued(1, TICKET), 100, S)
    assert step(session, CardRead(CARD), 200, S) == (session, ())
    session, _ = step(session, PrintDone("t1", Paper.PRINTED), 900, S)
    session, _ = step(session, CardRead(CARD), 1000, S)
    assert (session.state, session.visit_no, session.ticket) == (State.CHOOSING, 2, None)


def test_a_card_of_another_kind_is_told_from_one_that_was_not_read() -> None:
    for problem in ("card_unreadable", "card_other"):
        session, effects = step(at(State.HOME), CardUnreadable(problem), 0, S)
        assert (session.state, session.problem, effects) == (State.ERROR, problem, ())


# ---------------------------------------------------------------- a slip on the reader, a card left on it
def test_ones_own_slip_shows_how_it_stands_and_goes_home_by_itself() -> None:
    session, effects = step(at(State.HOME), SlipRead("token"), 0, S)
    assert (session.state, effects) == (State.HOME, (LookUp(1, "token"),))
    assert "token" not in repr((session, effects))
    session, effects = step(session, SlipFound(1, FOUND), 200, S)
    assert (session.state, session.found, effects) == (State.FOUND, FOUND, ())
    due = deadline_ms(session, S)
    assert due == 200 + 2 * S.number_shown_ms
    session, _ = step(session, Tick(), due, S)
    assert (session.state, session.found, session.visit_no) == (State.HOME, None, 2)


def test_the_answer_about_a_slip_comes_too_late_for_who_has_gone() -> None:
    session, _ = step(at(State.CHOOSING), SlipRead("token"), 0, S)
    session, _ = step(session, GoHome(), 1, S)
    assert step(session, SlipFound(1, FOUND), 2, S) == (session, ())


def test_a_slip_nobody_knows_says_so_and_lets_go_on() -> None:
    session, _ = step(at(State.HOME), SlipFound(1, None, "slip_unknown"), 0, S)
    assert (session.state, session.problem) == (State.ERROR, "slip_unknown")
    session, _ = step(session, Browse(), 1, S)
    assert session.state is State.CHOOSING


def test_after_an_ended_number_another_one_can_be_taken() -> None:
    session, _ = step(at(State.FOUND), Browse(), 0, S)
    assert (session.state, session.found) == (State.CHOOSING, None)


def test_a_slip_laid_while_another_is_printed_waits_and_after_it_comes_in() -> None:
    printing = at(State.NUMBER, paper=Paper.PRINTING)
    assert step(printing, SlipRead("token"), 0, S) == (printing, ())
    session, effects = step(at(State.NUMBER), SlipRead("token"), 0, S)
    assert (session.state, session.ticket, effects) == (State.HOME, None, (LookUp(2, "token"),))


def test_a_card_left_on_the_reader_takes_back_nothing_that_was_chosen() -> None:
    session, _ = step(at(State.HOME), CardRead(CARD, "elderly"), 0, S)
    session, _ = step(session, SetPriority(None), 1, S)
    session, effects = step(session, CardRead(CARD, "elderly"), 2, S)
    assert (session.state, session.priority, effects) == (State.CHOOSING, None, ())
    session, _ = step(session, OpenPriority(), 3, S)
    assert step(session, CardRead(CARD, "elderly"), 4, S)[0].state is State.PRIORITY
    other, _ = step(session, CardRead(Card("id_card", "cd" * 32), "elderly"), 5, S)
    assert (other.state, other.priority) == (State.CHOOSING, "elderly")


# ---------------------------------------------------------------- paper
def test_without_paper_the_number_stays_a_minute_on_the_screen() -> None:
    session, _ = step(at(State.HOME, printer=Printer.OUT), Choose(1, "ho-tich"), 0, S)
    session, effects = step(session, Issued(1, TICKET), 100, S)
    assert (session.paper, effects) == (Paper.MISSING, (ReportUnprinted("t1", "shown"),))
    assert deadline_ms(session, S) == 60_100


def test_where_the_centre_says_so_no_number_is_given_without_paper() -> None:
    session, effects = step(at(State.HOME, printer=Printer.OUT), Choose(1, "ho-tich"), 0, replace(S, no_paper="refuse"))
    assert (session.state, session.problem, effects) == (State.ERROR, "no_paper", ())


def test_ten_seconds_to_read_begin_when_the_slip_is_out() -> None:
    session, _ = step(at(State.NUMBER, paper=Paper.PRINTING, since_ms=0), PrintDone("t1", Paper.PRINTED), 4_000, S)
    assert step(session, Tick(), 13_999, S)[0].state is State.NUMBER
    assert step(session, Tick(), 14_000, S)[0].state is State.HOME


def test_a_silent_printer_does_not_hold_the_person() -> None:
    session, effects = step(at(State.NUMBER, paper=Paper.PRINTING, since_ms=0), Tick(), 12_000, S)
    assert (session.paper, effects) == (Paper.UNCONFIRMED, ())


# ---------------------------------------------------------------- slow, late, refused
def test_after_one_second_a_word_and_after_eight_the_desk() -> None:
    session, _ = step(at(State.HOME), Choose(1, "ho-tich"), 0, S)
    assert step(session, Tick(), 999, S)[0].slow is False
    session, _ = step(session, Tick(), 1_000, S)
    assert session.slow
    session, _ = step(session, Tick(), 8_000, S)
    assert (session.state, session.problem) == (State.ERROR, "slow")


def test_an_answer_that_comes_while_the_person_still_reads_is_shown() -> None:
    session = at(State.ERROR, problem="slow", since_ms=8_000)
    session, effects = step(session, Issued(1, TICKET), 9_000, S)
    assert (session.state, effects) == (State.NUMBER, (Print(TICKET, "vi"),))


@pytest.mark.parametrize("state", [state for state in State if state is not State.ISSUING])
def test_a_number_nobody_holds_is_reported(state: State) -> None:
    session = at(state, visit_no=7)
    assert step(session, Issued(6, TICKET), 0, S) == (session, (ReportUnprinted("t1", "late"),))


def test_another_try_after_a_refusal_is_another_visit() -> None:
    session, _ = step(at(State.ISSUING), Refused(1, "quota_full"), 0, S)
    session, _ = step(session, Browse(), 1, S)
    assert (session.state, session.visit_no) == (State.CHOOSING, 2)


# ---------------------------------------------------------------- idle, language, link
@pytest.mark.parametrize(("card", "idle_ms"), [(None, 60_000), (CARD, 30_000)])
def test_are_you_still_there(card: Card | None, idle_ms: int) -> None:
    session = at(State.CHOOSING, card=card, priority="elderly")
    assert step(session, Tick(), idle_ms - 1, S)[0].state is State.CHOOSING
    asking, _ = step(session, Tick(), idle_ms, S)
    assert asking.state is State.ASKING
    for turn in range(12):  # more time may be asked for again and again
        back, _ = step(asking, Stay(), idle_ms + turn, S)
        assert (back.state, back.card, back.priority) == (State.CHOOSING, card, "elderly")
    assert step(asking, Tick(), idle_ms + 19_999, S)[0].state is State.ASKING
    gone, _ = step(asking, Tick(), idle_ms + 20_000, S)
    assert (gone.state, gone.card, gone.priority) == (State.HOME, None, None)
    assert deadline_ms(replace(asking, large=True), S) == idle_ms + 30_000


def test_in_rush_hour_nobody_is_asked_but_who_needs_more_time() -> None:
    hurried = replace(S, rush=True)
    idle, _ = step(at(State.CHOOSING), Tick(), S.idle_ms, hurried)
    assert idle.state is State.HOME
    for more in ({"large": True}, {"audio": True}):
        asked, _ = step(at(State.CHOOSING, **more), Tick(), max(S.idle_ms, S.audio_idle_ms), hurried)
        assert asked.state is State.ASKING


def test_one_press_calls_one_person_and_the_call_outlives_the_visit() -> None:
    called, effects = step(at(State.HOME), AskHelp(), 0, S)
    assert (called.help, effects) == (Help.CALLING, (CallHelp(),))
    assert step(called, AskHelp(), 1, S)[1] == ()
    told, _ = step(called, HelpSays(Help.COMING), 2, S)
    gone, _ = step(replace(told, state=State.ERROR), GoHome(), 3, S)
    assert (gone.help, gone.visit_no) == (Help.COMING, told.visit_no + 1)
    again, effects = step(replace(gone, help=Help.FAILED), AskHelp(), 4, S)
    assert (again.help, len(effects)) == (Help.CALLING, 1)


@pytest.mark.parametrize("more", [{"alone": True}, {"link": False}])
def test_nobody_is_called_where_nobody_would_hear(more: dict[str, bool]) -> None:
    assert step(at(State.HOME, **more), AskHelp(), 0, S)[1] == ()


def test_home_never_times_out_but_settings_of_the_last_person_do() -> None:
    assert deadline_ms(at(State.HOME), S) is None
    session, _ = step(at(State.HOME), Language("en"), 0, S)
    session, _ = step(session, TextSize(True), 10, S)
    session, _ = step(session, Tick(), 60_010, S)
    assert (session.lang, session.large) == ("vi", False)


def test_without_a_server_the_machine_rests_and_comes_back() -> None:
    for state in (State.HOME, State.CHOOSING, State.SCAN_HELP, State.PRIORITY, State.ASKING):
        resting, _ = step(at(state, card=CARD), Link(False), 5, S)
        assert (resting.state, resting.card) == (State.PAUSED, None)
        assert step(resting, Choose(resting.visit_no, "ho-tich"), 6, S) == (resting, ())
        assert step(resting, Link(True), 7, S)[0].state is State.HOME
    shown, _ = step(at(State.NUMBER), Link(False), 5, S)
    assert shown.state is State.NUMBER
    assert step(shown, GoHome(), 6, S)[0].state is State.PAUSED


# ---------------------------------------------------------------- random walks
def _walks() -> st.SearchStrategy[list[tuple[Event, int]]]:
    return st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 70_000)), max_size=40)


@given(_walks())
def test_every_walk_keeps_the_promises(walk: list[tuple[Event, int]]) -> None:
    session, now_ms, issues, tickets = Session(), 0, [], []
    for event, later_ms in walk:
        now_ms += later_ms
        if isinstance(event, Choose):
            event = Choose(session.visit_no, event.service)
        if isinstance(event, Issued):
            event = Issued(session.visit_no, replace(TICKET, id=f"t{len(tickets)}"))
            tickets.append(event.ticket.id)
        before = session
        session, effects = step(session, event, now_ms, S)
        issues += [effect.visit_no for effect in effects if isinstance(effect, Issue)]
        assert len(issues) == len(set(issues)), "one visit, one request"
        assert (session.ticket is not None) or session.state is not State.NUMBER
        assert session.visit_no >= before.visit_no
        if session.state in (State.HOME, State.PAUSED):
            assert (session.card, session.priority, session.ticket, session.under) == (None, None, None, None)
        if session.state not in (State.HOME, State.PAUSED):
            assert deadline_ms(session, S) is not None, "every screen but the first ends by itself"
        assert all(isinstance(one, Recent) for one in session.recent)
