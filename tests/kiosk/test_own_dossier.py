"""A dossier looked up at the kiosk: scanned or typed, found or not, in two seconds or without; and always a number if one is wanted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import audio, dossier, i18n, own_dossier, screens
from kiosk.dossier import Dossier, dossier_from
from kiosk.events import (
    Again,
    Browse,
    Card,
    Choose,
    DossierRead,
    DossierTold,
    Focus,
    GoHome,
    Issue,
    Link,
    LookUpDossier,
    OpenTyping,
    Paper,
    Session,
    State,
    Tick,
    TypeKey,
)
from kiosk.i18n import translator
from kiosk.session import step
from kiosk.timing import deadline_ms
from kiosk.values import Settings, Ticket, home_from
from queue_server.domain import dossier_code
from tests.kiosk.conftest import KioskProcess
from tests.kiosk.far_end import NOW, home, until

S = replace(Settings(), look_up=True)
CODE, OTHER = "000.00.53.H48-220921-0001", "G09.20-20260609-0000001"
CARD = Card("dossier", None, CODE)
TOLD = {
    "code": CODE, "state": {"number": 9, "vi": "Đã xử lý xong", "en": "Finished"}, "due_on": "2026-11-30", "asked_at": NOW,
    "what_to_do": {"vi": "Nhận kết quả – Quầy 1", "en": "Collect the result – Quầy 1", "service": "nhan-ket-qua", "counter": "1"},
}  # fmt: skip
FOUND = dossier_from(TOLD)
HOME = replace(home_from(home()), settings=S)


def at(state: State, **more: object) -> Session:
    start = Session(state=state, link=True)
    if state is State.DOSSIER:
        start = replace(start, card=CARD, dossier=FOUND)
    if state is State.ASKING:
        start = replace(start, under=State.TYPING)
    return replace(start, **more)  # type: ignore[arg-type]


def drawn(session: Session, lang: str = "vi") -> dict[str, object]:
    return screens.view(session, HOME, "v-1", NOW, translator(lang), {})


def ids(view: dict[str, object], part: str = "actions") -> list[str]:
    return [one["id"] for one in view[part]]  # type: ignore[index, attr-defined]


# ---------------------------------------------------------------- the code
@settings(max_examples=60)
@given(st.text("0123456789.-HhG –\u0661 ", max_size=26) | st.from_regex(dossier_code.FORM, fullmatch=True))
def test_the_kiosk_and_the_server_know_the_same_codes(text: str) -> None:
    tidy = dossier_code.normal(text)
    assert dossier.known(text) == (tidy if dossier_code.known(tidy) else "")


def test_the_keys_can_type_every_code_and_nothing_else() -> None:
    assert sorted(dossier.SIGNS) == sorted("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
    text = ""
    for key in (*CODE, "x", "é", "12", dossier.ERASE, "1"):
        text = dossier.typed(text, key)
    assert text == CODE
    assert dossier.typed("1" * dossier.LONGEST, "1") == "1" * dossier.LONGEST
    assert dossier.typed("", dossier.ERASE) == ""


# ---------------------------------------------------------------- the table
@pytest.mark.parametrize("state", [State.HOME, State.SCAN_HELP, State.CHOOSING, State.PRIORITY, State.TYPING, State.ERROR, State.ASKING])
def test_a_receipt_under_the_reader_is_looked_up(state: State) -> None:
    session, effects = step(at(state), DossierRead(CODE), 10, S)
    assert (session.state, session.card) == (State.LOOKING, CARD)
    assert effects == (LookUpDossier(session.visit_no, CODE),)
    assert session.visit_no == (2 if state is State.ERROR else 1)
    shown, effects = step(session, DossierTold(session.visit_no, CODE, FOUND), 900, S)
    assert (shown.state, shown.dossier, effects) == (State.DOSSIER, FOUND, ())


def test_a_number_is_taken_with_the_dossier() -> None:
    session, effects = step(at(State.DOSSIER), Choose(1, "nhan-ket-qua"), 10, S)
    assert session.state is State.ISSUING
    assert effects == (Issue(1, "nhan-ket-qua", CARD, None, "vi"),)


def test_a_receipt_left_lying_hides_neither_the_answer_nor_the_number() -> None:
    seen, effects = step(at(State.DOSSIER), DossierRead(CODE), 50, S)
    assert (seen.state, seen.dossier, seen.touched_ms, effects) == (State.DOSSIER, FOUND, 50, ())
    ticket = Ticket("t1", "M003", "nhan-ket-qua")
    for paper in (Paper.PRINTING, Paper.PRINTED):
        number = at(State.NUMBER, card=CARD, ticket=ticket, paper=paper)
        assert step(number, DossierRead(CODE), 60, S) == (replace(number, touched_ms=60), ())
    chosen = at(State.CHOOSING, card=CARD)
    assert step(chosen, DossierRead(CODE), 60, S)[0].state is State.CHOOSING


def test_the_next_persons_receipt_begins_a_visit_of_their_own() -> None:
    number = at(State.NUMBER, card=CARD, ticket=Ticket("t1", "M003", "x"), paper=Paper.PRINTED, priority="elderly")
    session, effects = step(number, DossierRead(OTHER), 60, S)
    assert (session.state, session.visit_no, session.ticket, session.priority) == (State.LOOKING, 2, None, None)
    assert effects == (LookUpDossier(2, OTHER),)
    printing = replace(number, paper=Paper.PRINTING)
    assert step(printing, DossierRead(OTHER), 60, S) == (printing, ())


@pytest.mark.parametrize("where", [{"alone": True}, {}])
def test_where_nothing_can_be_looked_up_the_code_goes_with_the_number(where: dict[str, object]) -> None:
    settings = S if where else Settings()
    session, effects = step(at(State.HOME, **where), DossierRead(CODE), 10, settings)
    assert (session.state, session.card, effects) == (State.CHOOSING, CARD, ())
    assert step(at(State.HOME, **where), OpenTyping(), 10, settings) == (at(State.HOME, **where), ())


def test_two_seconds_and_no_longer() -> None:
    session, _ = step(at(State.HOME), DossierRead(CODE), 1_000, S)
    assert deadline_ms(session, S) == 3_000
    assert step(session, Tick(), 2_999, S) == (session, ())
    silent, effects = step(session, Tick(), 3_000, S)
    assert (silent.state, silent.problem, silent.dossier, effects) == (State.DOSSIER, own_dossier.SILENT, None, ())
    assert step(silent, DossierTold(1, CODE, FOUND), 3_100, S) == (silent, ())  # too late: the screen stays as it is read
    _, effects = step(step(silent, Browse(), 3_200, S)[0], Choose(1, "ho-tich"), 3_300, S)
    assert effects == (Issue(1, "ho-tich", CARD, None, "vi"),)


def test_a_line_that_breaks_meanwhile_changes_nothing_of_that() -> None:
    looking, _ = step(at(State.HOME), DossierRead(CODE), 0, S)
    cut, _ = step(looking, Link(False), 100, S)
    assert (cut.state, cut.link) == (State.LOOKING, False)
    silent, _ = step(cut, Tick(), 2_000, S)
    assert silent.state is State.DOSSIER
    assert step(silent, GoHome(), 2_500, S)[0].state is State.PAUSED


def test_an_answer_belongs_to_its_question() -> None:
    looking, _ = step(at(State.HOME), DossierRead(CODE), 0, S)
    assert step(looking, DossierTold(1, OTHER, FOUND), 10, S) == (looking, ())
    assert step(looking, DossierTold(2, CODE, FOUND), 10, S) == (looking, ())


def test_a_code_is_typed_put_right_and_looked_up() -> None:
    session, _ = step(at(State.HOME), OpenTyping(), 0, S)
    for n, key in enumerate((*CODE[:6], dossier.ERASE)):
        session, effects = step(session, TypeKey(key), n, S)
        assert effects == ()
    wrong, effects = step(session, TypeKey(dossier.LOOK), 20, S)
    assert (wrong.state, wrong.problem, effects) == (State.TYPING, own_dossier.WRONG, ())
    for key in CODE[5:]:
        session, _ = step(session, TypeKey(key), 30, S)
    assert (session.typed, session.problem) == (CODE, "")
    looking, effects = step(session, TypeKey(dossier.LOOK), 40, S)
    assert (looking.state, effects) == (State.LOOKING, (LookUpDossier(1, CODE),))
    unknown, _ = step(looking, DossierTold(1, CODE, None, own_dossier.UNKNOWN), 50, S)
    again, _ = step(unknown, OpenTyping(), 60, S)
    assert (again.state, again.typed) == (State.TYPING, CODE)


def test_who_walks_away_leaves_nothing_behind() -> None:
    typing = at(State.TYPING, typed=CODE)
    asking, _ = step(typing, Tick(), 60_000, S)
    assert asking.state is State.ASKING
    gone, _ = step(asking, Tick(), 90_000, S)
    assert (gone.state, gone.typed, gone.card) == (State.HOME, "", None)
    gone, _ = step(at(State.DOSSIER), Tick(), 30_000, S)
    assert (gone.state, gone.dossier, gone.card) == (State.HOME, None, None)


def test_no_code_stands_in_what_a_log_could_print() -> None:
    for one in (DossierRead(CODE), LookUpDossier(1, CODE), DossierTold(1, CODE, FOUND), at(State.TYPING, typed=CODE)):
        assert "220921" not in repr(one)


# ---------------------------------------------------------------- the screens
def test_a_finished_dossier_says_so_and_offers_its_number() -> None:
    view = drawn(at(State.DOSSIER))
    assert (view["title"], view["hint"], view["tone"]) == ("Đã xử lý xong", "Nhận kết quả – Quầy 1", "good")
    assert ids(view) == ["take", "home"]
    first, second = view["actions"]  # type: ignore[misc]
    assert (first["label"], first["post"]["body"]["service"]) == ("Lấy số nhận kết quả", "nhan-ket-qua")  # type: ignore[index]
    assert second["label"] == "Về màn hình đầu"  # type: ignore[index]
    assert drawn(at(State.DOSSIER), "en")["title"] == "Đã xử lý xong"  # the session's language decides, not the translator's
    assert drawn(at(State.DOSSIER, lang="en"), "en")["title"] == "Finished"


@pytest.mark.parametrize("service", ["", "kinh-doanh", "khong-co"])
def test_a_service_that_cannot_be_had_is_not_offered_and_a_number_can(service: str) -> None:
    assert ids(drawn(at(State.DOSSIER, dossier=replace(FOUND, service=service)))) == ["browse", "home"]


def test_the_promised_day_is_told_while_one_waits_for_it() -> None:
    assert drawn(at(State.DOSSIER, dossier=replace(FOUND, number=4)))["due"] == "Hẹn trả: 30/11/2026"
    assert drawn(at(State.DOSSIER))["due"] == ""
    assert [Dossier(n).tone for n in range(1, 11)] == ["calm", "calm", "care", "calm", "care", "care", "care", "care", "good", "calm"]


def test_where_nobody_answers_a_number_can_be_had() -> None:
    view = drawn(at(State.DOSSIER, dossier=None, problem=own_dossier.SILENT))
    assert (view["title"], view["hint"], ids(view)) == ("Chưa tra được.", "Vẫn lấy số được.", ["browse", "home"])
    unknown = drawn(at(State.DOSSIER, dossier=None, problem=own_dossier.UNKNOWN))
    assert (unknown["title"], ids(unknown)) == ("Không thấy hồ sơ này.", ["type-again", "browse", "home"])


def test_the_first_screen_offers_it_only_where_it_can_be_had() -> None:
    assert ids(drawn(at(State.HOME)), "also") == ["look-up"]
    assert ids(drawn(at(State.HOME, alone=True)), "also") == []
    assert screens.view(at(State.HOME), home_from(home()), "v-1", NOW, translator("vi"), {})["also"] == []
    assert home_from({**home(), "dossiers": True}).settings.look_up


def test_every_screen_of_it_is_in_every_language() -> None:
    for lang in sorted(i18n.available()):
        for session in (at(State.TYPING, problem=own_dossier.WRONG), at(State.LOOKING), at(State.DOSSIER), at(State.DOSSIER, dossier=None)):
            assert drawn(replace(session, lang=lang), lang)["title"]


# ---------------------------------------------------------------- by ear
def test_by_ear_every_key_is_named_and_what_was_typed_is_heard() -> None:
    session = at(State.TYPING, audio=True)
    assert len(audio.buttons(drawn(session))) == len(dossier.SIGNS) + 3  # erase, look up, start again
    dot = drawn(replace(session, cursor="key-46"))
    assert audio.utterance(dot, "key-46", translator("vi"))[0].text == "chấm"
    pressed, _ = step(replace(session, cursor="key-55"), TypeKey("7"), 10, S)
    assert pressed.asked == session.asked + 1
    heard = " ".join(part.text for part in audio.utterance(drawn(pressed), "key-55", translator("vi")))
    assert heard.startswith("bảy")
    assert "Đã gõ: bảy" in heard
    for event in (Focus("look"), Again()):
        assert step(pressed, event, 20, S)[0].state is State.TYPING


def test_what_was_found_is_read_aloud() -> None:
    said = " ".join(part.text for part in audio.utterance(drawn(at(State.DOSSIER, audio=True)), "", translator("vi")))
    assert said.startswith("Đã xử lý xong Nhận kết quả, Quầy một")


# ---------------------------------------------------------------- the program
@pytest.fixture
def looking(kiosk: KioskProcess) -> Iterator[KioskProcess]:
    kiosk.server.change_home({**home(), "dossiers": True})
    until(lambda: kiosk.state().get("also"), 20)
    yield kiosk
    if kiosk.server.silence:
        kiosk.server.silence.set()
    kiosk.server.change_home(home())


def scanned(kiosk: KioskProcess, problem: str) -> dict[str, Any]:
    """A receipt is laid until the screen says what is expected: on a busy machine two seconds may pass before the server's word."""

    def seen() -> dict[str, Any] | None:
        view = kiosk.state()
        if view["screen"] == "home":
            kiosk.drivers.tell("card", {"kind": "dossier", "code": CODE})
        elif view["screen"] == "dossier" and view["problem"] != problem:
            kiosk.act("home")
        return view if view["screen"] == "dossier" and view["problem"] == problem else None

    return until(seen, 60)


def test_from_the_receipt_to_the_slip(looking: KioskProcess) -> None:
    looking.server.dossiers[CODE] = TOLD
    view = scanned(looking, "dossier_9")
    assert (view["title"], view["hint"]) == ("Đã xử lý xong", "Nhận kết quả – Quầy 1")
    looking.act("choose", **view["actions"][0]["post"]["body"])
    looking.on("number", paper="printed")
    assert (looking.server.bodies[-1]["service"], looking.server.bodies[-1]["dossier_code"]) == ("nhan-ket-qua", CODE)
    assert CODE not in looking.log()


def test_a_silent_server_keeps_nobody(looking: KioskProcess) -> None:
    looking.server.silence = threading.Event()
    looking.server.dossiers[CODE] = TOLD
    view = scanned(looking, "dossier_silent")
    assert view["hint"] == "Vẫn lấy số được."
    looking.act("browse")
    looking.choose("ho-tich")
    looking.on("number", paper="printed")
    assert looking.server.bodies[-1]["dossier_code"] == CODE


def test_typed_on_the_screen(looking: KioskProcess) -> None:
    def typed() -> dict[str, Any] | None:
        looking.home()
        looking.act("type-code")
        for key in (*CODE, dossier.LOOK):
            looking.act("type", key=key)
        view = looking.on("dossier")
        return view if view["problem"] == "dossier_unknown" else None

    assert until(typed, 60)["title"] == "Không thấy hồ sơ này."
    assert set(looking.server.looked_up) == {CODE}
