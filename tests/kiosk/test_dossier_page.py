"""The screens of a dossier in Debian's Chromium: every key and button on every panel, and a code typed with a finger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from kiosk import panels
from tests.kiosk.conftest import KioskProcess
from tests.kiosk.far_end import NOW, home, until
from tests.kiosk.test_page import CUT, LOOK, SAME, opened, see

pytestmark = [pytest.mark.browser, pytest.mark.full]
CODE = "000.00.53.H48-220921-0001"
PAY = {
    "code": CODE, "state": {"number": 6, "vi": "Yêu cầu thực hiện nghĩa vụ tài chính", "en": "A payment is due"}, "due_on": None,
    "what_to_do": {"vi": "Nộp phí, thuế theo thông báo", "en": "Pay as the notice says", "service": "ho-tich", "counter": None},
    "asked_at": NOW,
}  # fmt: skip


@pytest.fixture
def looking(kiosk: KioskProcess) -> Iterator[KioskProcess]:
    kiosk.server.change_home({**home(), "dossiers": True})
    kiosk.server.dossiers[CODE] = PAY
    until(lambda: kiosk.state().get("also"), 20)
    yield kiosk
    kiosk.server.change_home(home())


def _first(kiosk: KioskProcess) -> None:
    """Already there."""


def _typing(kiosk: KioskProcess) -> None:
    kiosk.act("type-code")
    for key in (*CODE, "look")[:9]:
        kiosk.act("type", key=key)
    kiosk.act("type", key="look")  # not a whole code yet, and said so


def _told(kiosk: KioskProcess) -> None:
    def laid() -> bool:
        view = kiosk.state()
        if view["screen"] == "home":
            kiosk.drivers.tell("card", {"kind": "dossier", "code": CODE})
        elif view["screen"] == "dossier" and view["problem"] != "dossier_6":
            kiosk.act("home")
        return view["screen"] == "dossier" and view["problem"] == "dossier_6"

    until(laid, 60)


def _unknown(kiosk: KioskProcess) -> None:
    kiosk.act("type-code")
    for key in ("H", "1", "-", *"2209210001"[:6], "-", *"0002", "look"):
        kiosk.act("type", key=key)
    kiosk.on("dossier")


SHOWN: list[tuple[str, Callable[[KioskProcess], Any]]] = [("home", _first), ("typing", _typing), ("dossier", _told), ("dossier", _unknown)]
PAIRS = [(panel, lang) for panel in panels.PANELS for lang in ("vi", "en", "en_XA")]


@pytest.mark.slow(reason="eight screens in a real browser, each laid out anew")
@pytest.mark.parametrize(("panel", "lang"), PAIRS)
def test_every_key_can_be_touched(browser: Browser, looking: KioskProcess, panel: str, lang: str) -> None:
    page = opened(browser, looking, panel)
    see(page, "home")
    faults = []
    for large in (False, True):
        for screen, go in SHOWN:
            looking.home()
            looking.act("language", lang=lang)
            looking.act("text-size", large=large)
            go(looking)
            see(page, screen)
            page.wait_for_function(SAME, arg=[looking.state()["visit"], lang, large, screen])
            seen = page.evaluate(LOOK)
            name = f"{screen}{' large' if large else ''}"
            faults += [f"{name}: {fault}" for fault in seen["faults"]]
            faults += [f"{name}: cut: {text}" for text in page.evaluate(CUT)]
    page.context.close()
    assert not faults, "\n".join(faults)


@pytest.mark.full
def test_a_code_is_typed_with_a_finger_on_the_smallest_panel(browser: Browser, looking: KioskProcess) -> None:
    page = opened(browser, looking, "7in-800x480")
    see(page, "home")
    page.locator("#look-up").tap()
    see(page, "typing")
    written = ""
    for sign in "H48-220921-0001":
        while not page.get_by_role("button", name=sign, exact=True).count():
            before = page.locator("#turn").inner_text()
            page.locator("#turn").tap()
            expect(page.locator("#turn")).not_to_have_text(before)
        page.get_by_role("button", name=sign, exact=True).tap()
        written += sign
        expect(page.locator(".typed")).to_have_text(written)
    page.locator("#look").tap()
    see(page, "dossier")
    page.context.close()
