"""Languages and the words of numbers: nothing untranslated, nothing promised that the estimate did not."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from hypothesis import given
from hypothesis import strategies as st

from kiosk import i18n, screens, wording
from kiosk.events import Paper, Printer, Session, State
from kiosk.i18n import translator
from kiosk.values import Found, Ticket, home_from, proposed_class, service_from, ticket_from
from tests.kiosk.far_end import NOW, home

KIOSK = Path(i18n.__file__).parent
VI = translator("vi")
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def msgids() -> set[str]:
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    found = extract_from_dir(str(KIOSK), methods, {"_": None, "pair": None})
    return {str(message) for _, _, message, _, _ in found}


def test_every_text_of_the_kiosk_has_its_vietnamese_and_no_other() -> None:
    assert set(i18n.catalogue("vi")) == msgids()


def test_placeholders_match_and_vietnamese_is_nfc() -> None:
    for english, vietnamese in i18n.catalogue("vi").items():
        assert set(PLACEHOLDER.findall(english)) == set(PLACEHOLDER.findall(vietnamese))
        assert unicodedata.is_normalized("NFC", vietnamese)


def test_english_is_never_vietnamese_and_a_hole_is_never_a_key() -> None:
    assert translator("en")("Your number") == "Your number"
    assert translator("hmn")("Your number") == "Số của bạn"
    assert i18n.offered(["hmn", "../x", "en"]) == ("en",)
    assert i18n.offered(["zz"]) == ("vi",)
    assert i18n.catalogue("../vi") == {}


def test_past_a_break_a_slip_tells_a_time_of_day_in_every_language() -> None:
    estimate = {"low_s": 7500, "high_s": 9000, "from_at": "2026-11-23T13:42:10+07:00", "to_at": "2026-11-23T14:08:00+07:00"}
    ticket = ticket_from({"id": "t", "label": "A001", "estimate": estimate})
    assert wording.expected(ticket, VI) == "Dự kiến gọi: khoảng 13:40–14:10"
    assert wording.expected(ticket, translator("en"), short=True) == "Your turn: about 13:40–14:10"
    without = ticket_from({"id": "t", "label": "A001", "estimate": {"low_s": 900, "high_s": 1500}})
    assert wording.expected(without, VI) == "Dự kiến chờ: khoảng 15–25 phút"
    assert wording.at_clock("2026-11-23T13:40:00+07:00", "2026-11-23T13:40:00+07:00", VI) == "khoảng 13:40–13:45"
    assert wording.at_clock("2026-11-23T13:40:00+07:00", "2026-11-24T07:40:00+07:00", VI) == ""


def test_a_service_says_how_many_wait_and_how_long_a_newcomer_will() -> None:
    service = service_from({"code": "a", "name": "A", "waiting": 4, "estimate": {"low_s": 900, "high_s": 1500}})
    assert wording.offer(service, NOW, VI) == "Đang chờ: 4 người, khoảng 15–25 phút"
    assert wording.offer(service_from({"code": "a", "waiting": 0, "estimate": {"low_s": 0, "high_s": 0}}), NOW, VI) == "Chưa có ai chờ"


@given(st.integers(0, 6 * 3600), st.integers(0, 6 * 3600))
def test_a_printed_wait_never_promises_more_than_the_estimate(low_s: int, more_s: int) -> None:
    text = wording.wait(low_s, low_s + more_s, translator("en"))
    numbers = [int(one) for one in re.findall(r"\d+", text)]
    unit_s = 3600 if "hours" in text else 60
    assert numbers[-1] * unit_s >= low_s + more_s
    if len(numbers) == 2:
        assert numbers[0] * unit_s <= low_s
        assert numbers[0] < numbers[1]


@pytest.mark.parametrize(
    ("low_s", "high_s", "text"),
    [(0, 0, "dưới 5 phút"), (0, 540, "dưới 10 phút"), (1260, 1740, "khoảng 20–30 phút"), (9000, 12000, "khoảng 2–4 giờ"), (None, 5, "")],
)
def test_the_words_of_a_wait(low_s: int | None, high_s: int, text: str) -> None:
    assert wording.wait(low_s, high_s, VI) == text


def test_where_to_wait() -> None:
    assert wording.place("1", VI) == "Mời chờ ở: khu 1"
    assert wording.place("Khu A, tầng 1", VI) == "Mời chờ ở: Khu A, tầng 1"
    assert wording.place("", VI) == ""


def test_when_a_closed_service_opens_again() -> None:
    assert wording.opens("2026-11-21T13:30:00+07:00", NOW, VI) == "Mở lúc 13:30"
    assert wording.opens("2026-11-23T07:30:00+07:00", NOW, VI) == "Mở lại 07:30 thứ Hai 23/11"
    assert wording.opens("", NOW, VI) == ""


@pytest.mark.parametrize(("born", "code"), [(1966, None), (1965, "elderly"), (1940, "elderly"), (2000, None), (None, None)])
def test_age_proposes_only_what_is_certain(born: int | None, code: str | None) -> None:
    assert proposed_class(home_from(home()), born, 2026) == code


def views() -> list[tuple[State, dict[str, object]]]:
    ticket = Ticket("t1", "A105", "ho-tich", "Khu A", 6, 1200, 1800, NOW, "https://x.vn/t/abc")
    found = Found("A105", "called", {"vi": "Hộ tịch", "en": "Civil status"}, "Khu A", "Quầy 3")
    made = []
    for state in State:
        for printer in Printer:
            for paper in Paper:
                session = Session(state=state, ticket=ticket, paper=paper, printer=printer, under=State.CHOOSING, problem="card_unreadable")
                session = replace(session, found=found)
                for one in (session, replace(session, repeat=True, problem="quota_full", slow=True, priority="elderly", service="ho-tich")):
                    made.append((state, screens.view(one, home_from(home()), "b-1", NOW, VI, {"vi": "Tiếng Việt", "en": "English"})))
    return made


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for key, part in value.items() if key not in ("post", "paper_state") for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


def test_no_screen_blames_or_shows_a_code() -> None:
    for _, view in views():
        said = " ".join(texts(view))
        assert not re.search(r"\b(Lỗi|không hợp lệ|Error|[45]\d\d)\b", said), said


def test_two_ways_in_are_equal_and_there_is_always_one_for_the_unsure() -> None:
    for state, view in views():
        if state is State.HOME:
            assert [one["id"] for one in view["pair"]] == ["scan", "browse"]  # type: ignore[index, attr-defined]
        if state in (State.HOME, State.CHOOSING):
            assert view["choices"][-1]["label"] == "Tôi không biết chọn gì"  # type: ignore[index]


def test_a_code_on_the_screen_only_where_no_slip_carries_it() -> None:
    for state, view in views():
        if state is State.NUMBER:
            kept = view["ticket"]["paper"] in ("missing", "unconfirmed")  # type: ignore[index]
            assert bool(view.get("qr_text")) == kept
