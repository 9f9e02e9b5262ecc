"""What the first screens say of outside systems that are out: one plain line, no button less, and nothing where the kiosk is alone."""

from __future__ import annotations

from typing import Any

from kiosk import i18n, screens
from kiosk.events import State
from kiosk.values import home_from
from tests.kiosk.far_end import home
from tests.kiosk.test_session import at

NOW = "2026-11-21T07:30:00+07:00"
OUT = [{"system": "ho_tich", "name": "Hộ tịch", "since": NOW, "services": ["ho-tich"]}, {"system": "vneid", "name": "VNeID"}]


def shown(state: State, out: list[Any], lang: str = "vi", **more: object) -> dict[str, Any]:
    return screens.view(
        at(state, lang=lang, **more), home_from(home() | {"outages": out}), "v", NOW, i18n.translator(lang), {"vi": "Tiếng Việt"}
    )


def test_the_first_screens_say_what_is_out_and_that_numbers_are_given() -> None:
    for state in (State.HOME, State.CHOOSING):
        assert shown(state, OUT)["notice"] == "Hộ tịch, VNeID đang gián đoạn: vẫn lấy số được"
        assert shown(state, OUT, "en")["notice"] == "Not working now: Hộ tịch, VNeID. You can still take a number."
        assert [(each["id"], each["off"]) for each in shown(state, OUT)["choices"]] == [
            (each["id"], each["off"]) for each in shown(state, [])["choices"]
        ]
    assert shown(State.HOME, [])["notice"] == ""


def test_what_the_person_must_know_first_comes_first() -> None:
    assert "Mất kết nối" in shown(State.HOME, OUT, alone=True)["notice"]


def test_a_server_that_says_nothing_of_outages_or_nonsense_is_no_trouble() -> None:
    assert home_from(home()).outages == ()
    assert home_from(home() | {"outages": ["x", None]}).outages == ()
