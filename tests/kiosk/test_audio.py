"""The kiosk by ear: every screen has its words, every key its meaning on every screen, and a walk by keys ends with a number."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import audio, saying, screens
from kiosk.acts import ACTS
from kiosk.audio import KEYS, Part, Touch, press, utterance
from kiosk.events import Again, Card, Focus, Paper, Printer, Session, State
from kiosk.i18n import translator
from kiosk.values import Found, Ticket, home_from
from tests.kiosk.far_end import NOW, home

HOME = home_from(home())
TICKET = Ticket("t1", "A105", "ho-tich", "Khu A, tầng 1", 6, 1200, 1800, NOW)
PROBLEMS = (
    "card_unreadable",
    "card_other",
    "slip_unknown",
    "slip_later",
    "no_paper",
    "quota_full",
    "service_closed",
    "outside_hours",
    "holder_limit",
    "already_waiting",
    "slow",
    "disk",
)


def at(state: State, **more: Any) -> Session:
    session = Session(state=state, link=True, audio=True, service="ho-tich")
    if state is State.NUMBER:
        session = replace(session, ticket=TICKET, paper=Paper.PRINTED)
    if state is State.FOUND:
        session = replace(session, found=Found("A105", "waiting", {"vi": "Hộ tịch", "en": "Civil status"}, "Khu A", "", 6, 1200, 1800))
    if state is State.ASKING:
        session = replace(session, under=State.CHOOSING)
    return replace(session, **more)


def screen(session: Session) -> dict[str, Any]:
    names = {"vi": "Tiếng Việt", "en": "English"}
    return screens.view(session, HOME, "b-1", NOW, translator(session.lang), names)


def said(session: Session) -> str:
    return ". ".join(part.text for part in utterance(screen(session), session.cursor, translator(session.lang)))


SESSIONS = [
    *(at(state) for state in State if state is not State.ERROR),
    *(at(State.ERROR, problem=problem) for problem in PROBLEMS),
    at(State.CHOOSING, priority="elderly", card=Card("id_card", "ab")),
    at(State.NUMBER, repeat=True),
    *(at(State.NUMBER, paper=paper, printer=printer) for paper in Paper for printer in (Printer.READY, Printer.OUT)),
    at(State.HOME, printer=Printer.OUT),
    at(State.ISSUING, slow=True),
]


def named(session: Session) -> str:
    return f"{session.state}-{session.problem or session.paper}-{session.printer}"


# ---------------------------------------------------------------- words
@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("session", SESSIONS, ids=named)
def test_every_screen_and_every_button_on_it_has_its_words(session: Session, lang: str) -> None:
    session = replace(session, lang=lang)
    for id in ("", *(one["id"] for one in audio.buttons(screen(session)))):
        parts = utterance(screen(session), id, translator(lang))
        assert parts
        for part in parts:
            assert part.text
            assert unicodedata.is_normalized("NFC", part.text)
            assert not re.search(r"[%–…()⟦⟧/]", part.text), part.text
            if part.voice == "vi":
                assert not re.search(r"\d", part.text), f"a figure the voice would read wrongly: {part.text}"


def test_what_is_said_first() -> None:
    assert said(at(State.HOME)) == (
        "Trung tâm Phục vụ hành chính công phường Lang Biang – Đà Lạt. Mời bạn lấy số thứ tự. "
        "Có mười một lựa chọn. Bấm phím tới và phím lui để nghe. Bấm phím chọn để lấy."
    ).replace(" – ", ", ")
    assert said(at(State.ISSUING)) == "Đang lấy số."
    assert said(at(State.ASKING)).startswith("Bạn còn ở đây không?. Bấm phím bất kỳ")
    assert said(at(State.PAUSED)) == "Máy tạm dừng.. Xin lấy số ở bàn hướng dẫn."


def test_the_number_is_said_as_it_will_be_called_and_then_sign_by_sign() -> None:
    words = said(at(State.NUMBER))
    assert words.startswith("Số của bạn là a một trăm linh năm. a, một, không, năm. Hộ tịch. Trước bạn: sáu người")
    assert "khoảng hai mươi đến ba mươi phút" in words
    assert "Lấy giấy ở khe dưới" in words
    assert "khe dưới" not in said(at(State.NUMBER, paper=Paper.PRINTING)), "nobody is sent to a slip that is not there yet"
    english = said(at(State.NUMBER, lang="en"))
    assert english.startswith("Your number is A 105. A, 1, 0, 5. Civil status. Ahead of you: 6 people")
    assert "about 20 to 30 minutes" in english


def test_a_choice_is_said_with_who_waits_and_its_place() -> None:
    assert (
        said(at(State.HOME, cursor="service-ho-tich")) == "Hộ tịch. Đang chờ: sáu người, khoảng năm đến ba mươi lăm phút. một trên mười một"
    )
    closed = said(at(State.HOME, cursor="service-kinh-doanh"))
    assert closed == "Hộ kinh doanh. Mở lúc mười ba giờ ba mươi phút. Hiện chưa chọn được. năm trên mười một"


def test_a_language_names_itself_in_its_own_voice() -> None:
    parts = utterance(screen(at(State.HOME)), "language", translator("vi"))
    assert parts[0] == Part("en", "English")
    assert parts[1].voice == "vi"


# ---------------------------------------------------------------- keys
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("session", SESSIONS, ids=named)
def test_every_key_means_something_on_every_screen_from_every_button(session: Session, key: str) -> None:
    view = screen(session)
    ids = [one["id"] for one in audio.buttons(view)]
    for cursor in ("", "gone", *ids):
        meant = press(view, cursor, key)
        assert meant is not None
        match key:
            case "next" | "previous":
                ring = ["", *ids]
                here = ring.index(cursor) if cursor in ring else 0
                assert meant == Focus(ring[(here + (1 if key == "next" else -1)) % len(ring)])
            case "select":
                held = next((one for one in audio.buttons(view) if one["id"] == cursor and not one.get("off")), None)
                wanted = Touch(held["post"]["path"].removeprefix("/api/"), held["post"]["body"]) if held else Again()
                assert meant == wanted
            case "back":
                assert meant == (Touch("home") if {"done", "start", "home"} & set(ids) else Focus(""))
            case _:
                assert meant == Again({"repeat": 0, "louder": 1, "softer": -1}[key])
        if isinstance(meant, Touch):
            assert meant.act in ACTS


@pytest.mark.parametrize("session", SESSIONS, ids=named)
def test_keys_reach_all_that_a_finger_reaches_but_the_size_of_letters(session: Session) -> None:
    view = screen(session)
    shown = [*view.get("choices", ()), *view.get("pair", ()), *view.get("actions", ()), *view["bar"]]
    left = {one["id"] for one in shown} - {one["id"] for one in audio.buttons(view)}
    assert left <= {"size", "browse"}
    if session.state is not State.HOME:
        assert left <= {"size"}


def test_a_key_of_no_meaning_does_nothing() -> None:
    assert press(screen(at(State.HOME)), "", "f13") is None


# ---------------------------------------------------------------- figures as words
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "không"), (4, "bốn"), (5, "năm"), (10, "mười"), (11, "mười một"), (14, "mười bốn"), (15, "mười lăm"), (20, "hai mươi"),
        (21, "hai mươi mốt"), (24, "hai mươi tư"), (25, "hai mươi lăm"), (100, "một trăm"), (104, "một trăm linh bốn"),
        (105, "một trăm linh năm"), (110, "một trăm mười"), (115, "một trăm mười lăm"), (221, "hai trăm hai mươi mốt"), (1000, "một nghìn"),
        (1005, "một nghìn không trăm linh năm"), (1010, "một nghìn không trăm mười"), (2124, "hai nghìn một trăm hai mươi tư"),
        (12_345, "một hai ba bốn năm"),
    ],
)  # fmt: skip
def test_figures_as_they_are_said(number: int, words: str) -> None:
    assert saying.number_words(number) == words


@given(st.integers(0, 9_999))
def test_no_two_figures_sound_alike(number: int) -> None:
    """Read back by its own rules, a figure is the one it was."""
    worth = {word: at for at, word in enumerate(saying.DIGITS)} | {"mốt": 1, "tư": 4, "lăm": 5}
    total = last = 0
    for word in saying.number_words(number).replace("mười", "một mươi").split():
        if word in worth:
            total, last = total + worth[word], worth[word]
        elif word != "linh":
            total += last * ({"mươi": 10, "trăm": 100, "nghìn": 1000}[word] - 1)
    assert total == number


@given(st.text(max_size=80), st.sampled_from(["vi", "en"]))
def test_any_text_can_be_said(text: str, lang: str) -> None:
    heard = saying.speakable(text, lang)
    assert "\n" not in heard
    assert lang == "en" or not re.search(r"[0-9]", heard)


@pytest.mark.parametrize(
    ("text", "vi", "en"),
    [
        ("A105", "a một trăm linh năm", "A 105"),
        ("H007", "hát không không bảy", "H 0 0 7"),
        ("07:30", "bảy giờ ba mươi phút", "07:30"),
        ("24/11", "ngày hai mươi tư tháng mười một", "24 November"),
        ("20–30", "hai mươi đến ba mươi", "20 to 30"),
        ("Khu B2", "Khu bê hai", "Khu B 2"),
    ],
)
def test_signs_become_words(text: str, vi: str, en: str) -> None:
    assert (saying.speakable(text, "vi"), saying.speakable(text, "en")) == (vi, en)
