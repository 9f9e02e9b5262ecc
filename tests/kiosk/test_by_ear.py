"""A whole visit by keys and headphones on a real kiosk process: woken, walked, a number taken, heard, and left."""

from __future__ import annotations

from tests.kiosk.conftest import KioskProcess
from tests.kiosk.far_end import until


def hear(kiosk: KioskProcess, text: str) -> str:
    """Until the headphones say `text`; everything they say then."""
    until(lambda: text in kiosk.drivers.words())
    return kiosk.drivers.words()


def test_a_number_is_taken_by_keys_alone(kiosk: KioskProcess) -> None:
    kiosk.drivers.press("select")  # the first key only wakes the voice
    hear(kiosk, "Mời bạn lấy số thứ tự")
    assert kiosk.state()["audio"] is True
    for wanted in ("Hộ tịch. Đang chờ: sáu người", "Chứng thực. Đang chờ: mười hai người"):
        kiosk.drivers.press("next")
        hear(kiosk, wanted)
    assert kiosk.state()["focus"] == "service-chung-thuc", "the screen shows what the keys have in hand"
    kiosk.drivers.press("previous")
    hear(kiosk, "Hộ tịch")
    kiosk.drivers.press("select")
    seen = kiosk.on("number", paper="printed")
    assert seen["ticket"]["service"] == "ho-tich"
    label = str(seen["ticket"]["label"])
    heard = hear(kiosk, "Lấy giấy ở khe dưới")
    assert heard.index("Số của bạn là a ") < heard.index("Lấy giấy"), "the number first, the slip after it"
    assert heard.count("Số của bạn là") == 1, "the slip's coming does not begin it anew"
    assert len(kiosk.drivers.paper) == 1
    kiosk.drivers.press("repeat")
    until(lambda: kiosk.drivers.said[-1]["append"] is False and "Số của bạn là" in kiosk.drivers.words())
    kiosk.drivers.press("louder")
    until(lambda: kiosk.drivers.said[-1]["volume"] == 4)
    assert label not in kiosk.log()
    kiosk.drivers.press("back")
    kiosk.on("home")
    hear(kiosk, "Mời bạn lấy số thứ tự")


def test_unplugging_silences_and_clears_the_screen(kiosk: KioskProcess) -> None:
    kiosk.drivers.plug(True)
    hear(kiosk, "Mời bạn lấy số thứ tự")
    kiosk.card()
    kiosk.on("choosing")
    hear(kiosk, "bạn cần làm việc gì")
    kiosk.drivers.plug(False)
    seen = kiosk.on("home")
    assert (seen["audio"], seen["focus"]) == (False, "")
    until(lambda: kiosk.drivers.said[-1]["parts"] == [])


def test_keys_and_fingers_are_one_visit(kiosk: KioskProcess) -> None:
    kiosk.drivers.plug(True)
    hear(kiosk, "Mời bạn lấy số thứ tự")
    kiosk.act("language", lang="en")
    hear(kiosk, "Please take a number")
    kiosk.choose()
    kiosk.on("number", paper="printed")
    hear(kiosk, "Your number is A ")
    kiosk.drivers.plug(False)
    until(lambda: kiosk.drivers.said[-1]["parts"] == [])
    assert kiosk.state()["screen"] == "number", "the slip is still on its way to a hand"


def test_who_only_touches_is_never_spoken_to(kiosk: KioskProcess) -> None:
    kiosk.choose()
    kiosk.on("number", paper="printed")
    assert kiosk.drivers.said == []
