"""What is said before the tap: why a service is closed and when it opens, and the one question where the day may be too short."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk import i18n, screens
from kiosk.events import Browse, CardRead, Choose, GoHome, Issue, Session, State, TakeAnyway, Tick
from kiosk.session import step
from kiosk.values import Settings, home_from, service_from
from kiosk.wording import offer
from tests.kiosk.far_end import home
from tests.kiosk.test_session import CARD, at

S = Settings()
NOW = "2026-11-21T07:30:00+07:00"
vi, en = i18n.translator("vi"), i18n.translator("en")


def may_not(**more: object) -> Session:
    return step(at(State.CHOOSING, **more), Choose(1, "ho-tich", warn=True), 5, S)[0]


def test_the_question_is_asked_once_and_nothing_is_issued_before_the_answer() -> None:
    asked, effects = step(at(State.HOME), Choose(1, "ho-tich", warn=True), 0, S)
    assert (asked.state, asked.service, effects) == (State.MAY_NOT, "ho-tich", ())
    taken, effects = step(asked, TakeAnyway(1), 10, S)
    assert (taken.state, effects) == (State.ISSUING, (Issue(1, "ho-tich", None, None, "vi"),))
    assert step(taken, TakeAnyway(1), 20, S) == (taken, ())  # a second touch takes no second number


def test_who_would_rather_not_chooses_again_or_goes() -> None:
    assert step(may_not(), Browse(), 9, S)[0].state is State.CHOOSING
    assert step(may_not(), GoHome(), 9, S)[0].state is State.HOME
    assert step(may_not(), TakeAnyway(2), 9, S) == (may_not(), ())  # a touch on the screen of another visit


def test_a_card_left_lying_does_not_take_the_question_away_and_nobody_leaves_it_standing() -> None:
    held = may_not(card=CARD)
    assert step(held, CardRead(CARD), 9, S)[0].state is State.MAY_NOT
    assert step(held, Tick(), 5 + S.idle_ms, S)[0].state is State.HOME


def test_alone_there_is_nobody_to_know_and_the_number_is_given() -> None:
    assert step(at(State.CHOOSING, alone=True), Choose(1, "ho-tich", warn=True), 5, S)[0].state is State.ISSUING


@pytest.mark.parametrize(
    ("lang", "carry", "title", "hint"),
    [
        ("vi", False, "Hôm nay có thể không kịp đến lượt: Hộ tịch", "Bạn cũng có thể đến vào giờ mở cửa tiếp theo."),
        ("vi", True, "Hôm nay có thể", "Nếu hôm nay chưa được gọi, số này được ưu tiên gọi trước vào ngày làm việc tiếp theo."),
        ("en", False, "There may not be time for you today: ", "You may also come at the next opening."),
        ("en", True, "There may not be", "If you are not called today, this number comes first on the next working day."),
    ],
)
def test_the_screen_in_both_languages(lang: str, carry: bool, title: str, hint: str) -> None:
    shown = home_from(home(leftovers="carry" if carry else "expire"))
    view = screens.view(replace(may_not(), lang=lang), shown, "v1", NOW, i18n.translator(lang), {"vi": "Tiếng Việt", "en": "English"})
    assert view["title"].startswith(title)
    assert (view["hint"], view["screen"]) == (hint, "error")
    assert [(one["id"], one["post"]["path"]) for one in view["actions"]] == [("browse", "/api/browse"), ("take-anyway", "/api/take-anyway")]
    assert view["actions"][1]["post"]["body"] == {"visit": "v1"}


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"open": False, "closed_reason": "absent", "next_open_at": "2026-11-25T07:00:00+07:00"}, "Cán bộ vắng. Mở lại 07:00 thứ Tư 25/11"),
        ({"open": False, "closed_reason": "quota", "next_open_at": "2026-11-21T13:30:00+07:00"}, "Đã hết số. Mở lúc 13:30"),
        ({"open": False, "closed_reason": "capacity"}, "Hôm nay đã kín giờ."),
        ({"open": False, "closed_reason": "ended"}, "Đã kết thúc."),
        ({"open": False, "closed_reason": "hours", "next_open_at": "2026-11-21T13:30:00+07:00"}, "Mở lúc 13:30"),
        ({"open": False}, "Hôm nay không nhận"),
        ({"open": True, "closed_reason": "absent", "next_open_at": "2026-11-21T13:30:00+07:00"}, "Cán bộ đến sau. Mở lúc 13:30"),
        ({"open": True, "waiting": 3}, "Đang chờ: 3 người"),
    ],
)
def test_a_button_says_why_and_when(told: dict[str, object], says: str) -> None:
    assert offer(service_from({"code": "x", "name": "X", **told}), NOW, vi) == says


def test_the_warning_is_read_from_the_server() -> None:
    assert service_from({"code": "x", "warning": "may_not_be_served"}).warning
    assert not service_from({"code": "x", "warning": None}).warning
    assert offer(service_from({"code": "x", "open": False, "closed_reason": "quota"}), NOW, en) == "No numbers are left."
