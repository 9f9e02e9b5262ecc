"""Words made from values, without a server: spans, reasons, devices sorted by trouble, the citizen's states."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.domain.visit import STATES
from queue_server.web.pages import words
from queue_server.web.pages.citizen import TEXT, language, view_of
from queue_server.web.pages.health import CODES, REFUSED, device_view, fleet_view


@pytest.mark.parametrize(
    ("low_s", "high_s", "vi", "en"),
    [
        (900, 1500, "khoảng 15–25 phút", "about 15–25 minutes"),
        (0, 60, "sắp tới lượt", "very soon"),
        (0, 0, "sắp tới lượt", "very soon"),
        (120, 350, "khoảng 2–6 phút", "about 2–6 minutes"),
        (300, 300, "khoảng 5 phút", "about 5 minutes"),
    ],
)
def test_a_range_is_said_as_a_range(low_s: int, high_s: int, vi: str, en: str) -> None:
    assert (words.span(low_s, high_s), words.span(low_s, high_s, "en")) == (vi, en)


def test_past_a_break_a_wait_is_a_time_of_day() -> None:
    estimate = {"low_s": 7200, "high_s": 9000, "from_at": "2026-11-23T13:40:00+07:00", "to_at": "2026-11-23T14:10:00+07:00"}
    assert (words.expected(estimate), words.expected(estimate, "en")) == ("khoảng 13:40–14:10", "about 13:40–14:10")
    assert words.expected({"low_s": 900, "high_s": 1500}) == "khoảng 15–25 phút"


def test_the_reason_for_a_place() -> None:
    why = {"arrived_from": "2026-11-23T08:05:00+07:00", "credits_s": {"priority": 1800}, "for_counter": "3"}
    assert words.place_reason(why, "3") == "đến 08:05, ưu tiên +30 phút, chỉ chờ quầy này"
    assert words.place_reason(why).endswith("chỉ chờ quầy 3")


def _device(name: str, code: str = "ok", age_s: int = 5, **more: Any) -> dict[str, Any]:
    return {"device": name, "role": "kiosk", "age_s": age_s, "slots": [{"role": "printer", "state": "ready", "code": code}], **more}


def test_trouble_comes_first_and_silence_is_trouble() -> None:
    view = fleet_view([_device("a"), _device("b", "paper_low"), _device("c", "paper_out"), _device("d", age_s=600)])
    assert [each["name"] for each in view["devices"]] == ["c", "d", "b", "a"]
    assert view["tally"] == {"bad": 2, "warn": 1, "good": 1}


@pytest.mark.parametrize("code", [code for code in CODES if code != "ok"])
def test_every_fault_has_one_line_of_remedy(code: str) -> None:
    view = device_view(_device("a", code))
    assert view["remedy"]
    assert "\n" not in view["remedy"]
    assert view["tone"] in ("bad", "warn")


@pytest.mark.parametrize("code", REFUSED)
def test_numbers_that_nobody_will_call_are_one_line_with_what_to_do(code: str) -> None:
    view = device_view(_device("a", errors=[{"code": code, "count": 2}, {"code": "disk", "count": 0}]))
    assert (view["word"], view["tone"]) == (f"2 {REFUSED[code][0]}", "warn")
    assert "\n" not in view["remedy"]
    assert view["errors"] == [f"{code} × 2"]


def test_an_unknown_code_is_not_taken_for_health() -> None:
    assert device_view(_device("a", "burning"))["tone"] == "warn"


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("state", STATES)
def test_the_citizen_is_told_every_state(state: str, lang: str) -> None:
    view = view_of({"label": "A001", "state": state, "counter": "3", "called_at": "2026-11-23T08:05:00+07:00", "ahead": 2}, lang)
    assert view["state"]
    assert "{" not in view["state"] + view["advice"] + view["title"]
    assert view["live"] == (state in ("waiting", "called", "serving", "held"))


def test_both_languages_say_the_same_things() -> None:
    assert TEXT["vi"].keys() == TEXT["en"].keys()


@pytest.mark.parametrize(
    ("asked", "kept", "of_ticket", "expected"),
    [("en", "vi", "vi", "en"), ("", "en", "vi", "en"), ("", "", "en", "en"), ("../x", "hmn", "tyz", "vi")],
)
def test_the_language_of_the_page(asked: str, kept: str, of_ticket: str, expected: str) -> None:
    assert language(asked, kept, of_ticket) == expected
