"""The citizen's page in Debian's Chromium: every panel, language and size; touches, cards, a server that goes and comes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from kiosk import panels
from tests.kiosk.conftest import KioskProcess
from tests.kiosk.far_end import home, until

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)  # a busy machine is no fault of the page
AXE = Path(__file__).parents[1] / "vendor" / "axe-4.14.1.min.js"
LANGS = ("vi", "en", "en_XA")

# Every button: inside the window, nothing above it at its centre, at least 20 x 20 mm; every pair at least 2.5 mm apart.
LOOK = """() => {
  const mm = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--mm"));
  const faults = [], boxes = [];
  for (const node of document.querySelectorAll("button")) {
    const box = node.getBoundingClientRect(), name = node.id;
    const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (box.x < -.5 || box.y < -.5 || box.right > innerWidth + .5 || box.bottom > innerHeight + .5) faults.push(name + " leaves");
    if (!at || !node.contains(at)) faults.push(name + " is covered");
    if (box.width < 20 * mm - .5 || box.height < 20 * mm - .5)
      faults.push(`${name} is ${(box.width / mm).toFixed(1)} x ${(box.height / mm).toFixed(1)} mm`);
    boxes.push([name, box]);
  }
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const [a, p] = boxes[i], [b, q] = boxes[j];
    const dx = Math.max(q.x - p.right, p.x - q.right), dy = Math.max(q.y - p.bottom, p.y - q.bottom);
    if (Math.max(dx, dy) < 2 * mm) faults.push(`${a} and ${b} are ${(Math.max(dx, dy) / mm).toFixed(1)} mm apart`);
  }
  const whole = document.documentElement;
  if (whole.scrollHeight > innerHeight || whole.scrollWidth > innerWidth) faults.push("the page scrolls");
  for (const node of document.querySelectorAll("button, h1, .told, .facts, .qr, .label")) {
    const box = node.getBoundingClientRect();
    const out = box.bottom > innerHeight + 1 || box.top < -1 || box.right > innerWidth + 1;
    if (box.height && out) faults.push((node.id || node.className) + " sticks out");
  }
  return {faults, buttons: boxes.map(([name]) => name)};
}"""
# Every text in its box. Names of services are data and may be cut at a whole line; our own words may not.
CUT = """() => [...document.querySelectorAll("[data-floor]")].filter(node => node.offsetParent
    && (node.scrollWidth > node.clientWidth + 1 || (node.dataset.fit !== "width" && node.scrollHeight > node.clientHeight + 1))
    && !(node.classList.contains("clamped") && node.closest(".service, .class, .of-service"))
  ).map(node => node.className + ": " + node.textContent)"""
CAPS = """selector => {
  const mm = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--mm"));
  const cap = node => parseFloat(getComputedStyle(node).fontSize) / mm * .74;
  return [...document.querySelectorAll(selector)].map(node => [node.textContent, cap(node)]); }"""


def opened(browser: Browser, kiosk: KioskProcess, panel: str | None, width: int = 1080, height: int = 1920) -> Page:
    if panel:
        width, height = panels.PANELS[panel].width, panels.PANELS[panel].height
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=True, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", reduced_motion="reduce"
    )
    page = context.new_page()
    if panel:
        page.route("**/device.css", lambda route: route.fulfill(body=panels.device_css(panel), content_type="text/css"))
    page.add_init_script("window.broken = []; addEventListener('securitypolicyviolation', e => window.broken.push(e.violatedDirective));")
    page.goto(kiosk.url)
    return page


@pytest.fixture
def page(browser: Browser, kiosk: KioskProcess) -> Iterator[Page]:
    made = opened(browser, kiosk, "21in-1080x1920")
    see(made, "home")
    yield made
    assert made.evaluate("() => window.broken") == []
    made.context.close()


def see(page: Page, screen: str) -> None:
    expect(page.locator("body")).to_have_attribute("data-screen", screen, timeout=15_000)
    page.evaluate("() => document.fonts.ready")


# ---------------------------------------------------------------- every panel, language and size
def _home(kiosk: KioskProcess) -> None:
    """Already there."""


def _card(kiosk: KioskProcess) -> None:
    kiosk.card(1950)
    kiosk.on("choosing")


def _number(kiosk: KioskProcess) -> None:
    kiosk.choose("bao-tro")
    kiosk.on("number", paper="printed")


def _no_paper(kiosk: KioskProcess) -> None:
    kiosk.drivers.outcome = {"outcome": "not_sent", "code": "paper_out", "detail": ""}
    kiosk.choose("bao-tro")
    kiosk.on("number", paper="missing")
    kiosk.drivers.outcome = {"outcome": "printed", "code": "ok", "detail": ""}


def _unreadable(kiosk: KioskProcess) -> None:
    kiosk.drivers.tell("card", {"kind": "unreadable"})
    kiosk.on("error")


SHOWN: list[tuple[str, Callable[[KioskProcess], Any]]] = [
    ("home", _home),
    ("choosing", lambda kiosk: kiosk.act("browse")),
    ("choosing", _card),
    ("priority", lambda kiosk: kiosk.act("priority-list")),
    ("scan_help", lambda kiosk: kiosk.act("scan-help")),
    ("number", _number),
    ("number", _no_paper),
    ("error", _unreadable),
]


# Each panel and each language once in every run; all pairs where there is time for everything.
FEW = {("7in-800x480", "vi"), ("10in-1280x800", "en"), ("15in-1920x1080", "vi"), ("21in-1080x1920", "en_XA")}
PAIRS = [pytest.param(panel, lang, marks=[] if (panel, lang) in FEW else [pytest.mark.full]) for panel in panels.PANELS for lang in LANGS]


@pytest.mark.slow(reason="sixteen screens in a real browser, each laid out anew")
@pytest.mark.parametrize(("panel", "lang"), PAIRS)
def test_every_button_can_be_touched(browser: Browser, kiosk: KioskProcess, panel: str, lang: str) -> None:
    kiosk.server.public_url = "https://toiluot.example.gov.vn"
    page = opened(browser, kiosk, panel)
    see(page, "home")
    scan, browse = page.locator("#scan").bounding_box(), page.locator("#browse").bounding_box()
    assert scan
    assert browse
    assert (round(scan["width"]), round(scan["height"])) == (round(browse["width"]), round(browse["height"])), "two ways in of equal size"
    faults = []
    for large in (False, True):
        for screen, go in SHOWN:
            kiosk.home()
            kiosk.act("language", lang=lang)
            kiosk.act("text-size", large=large)
            go(kiosk)
            see(page, screen)
            page.wait_for_function(SAME, arg=[kiosk.state()["visit"], lang, large, screen])
            seen = page.evaluate(LOOK)
            name = f"{screen}{' large' if large else ''}"
            faults += [f"{name}: {fault}" for fault in seen["faults"]]
            faults += [f"{name}: cut: {text}" for text in page.evaluate(CUT)]
            assert seen["buttons"], name
            if screen in ("home", "choosing"):
                assert "help" in seen["buttons"], name
    page.context.close()
    assert not faults, "\n".join(faults)


SAME = """([visit, lang, large, screen]) => { const body = document.body;
  return body.dataset.visit === visit && document.documentElement.lang === lang
    && body.classList.contains("large") === large && body.dataset.screen === screen; }"""


WINDOWS = [(800, 480), (1366, 650), (800, 1280)]
MORE = [(1024, 600), (1024, 768), (1280, 720), (1920, 940), (1080, 1500)]


@pytest.mark.parametrize(("width", "height"), [*WINDOWS, *(pytest.param(*size, marks=pytest.mark.full) for size in MORE)])
def test_any_window_from_800x480_up(browser: Browser, kiosk: KioskProcess, width: int, height: int) -> None:
    page = opened(browser, kiosk, None, width, height)
    see(page, "home")
    seen = page.evaluate(LOOK)
    page.context.close()
    assert seen["faults"] == []
    assert {"scan", "browse", "help", "language", "size"} <= set(seen["buttons"])


@pytest.mark.parametrize("panel", panels.PANELS)
def test_letters_are_large_enough(browser: Browser, kiosk: KioskProcess, panel: str) -> None:
    page = opened(browser, kiosk, panel)
    for large, least_mm in ((False, 4.8), (True, 7.3)):
        kiosk.act("text-size", large=large)
        kiosk.act("browse")
        see(page, "choosing")
        expect(page.locator("body.large")).to_have_count(int(large))
        caps = page.evaluate(CAPS, ".choice .name")
        assert all(mm >= least_mm - 0.05 for _, mm in caps), caps
        kiosk.home()
        see(page, "home")
    kiosk.choose()
    see(page, "number")
    (_, number_mm), *_ = page.evaluate(CAPS.replace(".74", ".714"), ".label")
    page.context.close()
    assert number_mm >= 29.9


# ---------------------------------------------------------------- by hand
def test_two_taps_to_a_number_on_the_smallest_panel(browser: Browser, kiosk: KioskProcess) -> None:
    page = opened(browser, kiosk, "7in-800x480")
    see(page, "home")
    page.locator("#browse").tap()
    page.locator("#service-ho-tich").tap()
    see(page, "number")
    expect(page.locator(".label")).to_have_text("A105")
    expect(page.locator(".told")).to_have_text("Lấy giấy ở khe dưới")
    page.context.close()


def test_one_tap_to_a_number(page: Page, kiosk: KioskProcess) -> None:
    page.locator("#service-ho-tich").tap()
    expect(page.locator(".label")).to_have_text("A105")
    expect(page.locator(".facts")).to_contain_text("Trước bạn: 6 người")
    expect(page.locator(".facts")).to_contain_text("Chờ khoảng 20–30 phút")
    page.locator("#done").tap()
    see(page, "home")
    assert len(kiosk.drivers.paper) == 1


def test_a_card_and_one_tap(page: Page, kiosk: KioskProcess) -> None:
    kiosk.card(1950)
    see(page, "choosing")
    expect(page.locator(".chip")).to_contain_text("Ưu tiên: Người từ 60 tuổi")
    page.locator("#service-dat-dai").tap()
    see(page, "number")
    assert kiosk.server.bodies[-1]["priority_class"] == "elderly"


def test_two_quick_taps_are_one_ticket(page: Page, kiosk: KioskProcess) -> None:
    kiosk.server.gate = threading.Event()
    page.evaluate(
        "() => { const b = document.getElementById('service-ho-tich'); b.click(); b.click(); document.getElementById('help').click(); }"
    )
    expect(page.locator("body")).to_have_class("waiting")
    expect(page.locator("#service-ho-tich")).to_have_class("choice service pressed")
    expect(page.get_by_text("Đang lấy số…")).to_be_visible(timeout=6_000)
    kiosk.server.gate.set()
    see(page, "number")
    assert len(kiosk.server.bodies) == 1


def test_the_unsure_get_a_number_for_the_help_desk(page: Page, kiosk: KioskProcess) -> None:
    page.get_by_text("Tôi không biết chọn gì").tap()
    see(page, "number")
    assert kiosk.server.bodies[-1]["service"] == "huong-dan"


def test_language_for_one_person_only(page: Page, kiosk: KioskProcess) -> None:
    page.locator("#language").tap()
    expect(page.get_by_text("Take a number without a card")).to_be_visible()
    assert page.evaluate("() => document.documentElement.lang") == "en"
    page.locator("#service-ho-tich").tap()
    see(page, "number")
    expect(page.locator(".told")).to_have_text("Take your slip from the slot below")
    assert kiosk.server.bodies[-1]["lang"] == "en"
    page.locator("#done").tap()
    expect(page.get_by_text("Lấy số không cần căn cước")).to_be_visible()


def test_more_services_than_fit_have_pages(browser: Browser, kiosk: KioskProcess) -> None:
    many = [(f"s{n}", f"Dịch vụ số {n}", f"Service {n}", "A", n, True) for n in range(17)]
    kiosk.server.change_home(home(many))
    until(lambda: len(kiosk.state()["choices"]) == 18)
    page = opened(browser, kiosk, "15in-1920x1080")
    see(page, "home")
    seen: list[str] = []
    for _ in range(10):
        ids = page.evaluate(LOOK)["buttons"]
        shown = [one for one in ids if one.startswith("service-")]
        assert len(shown) + 1 <= 8
        assert "help" in ids
        seen += shown
        if page.locator("#next").is_disabled():
            break
        page.locator("#next").tap()
        expect(page.locator(f"#{shown[0]}")).to_have_count(0)
    assert seen == [f"service-s{n}" for n in range(17)]
    page.locator("#previous").tap()
    page.locator("#help").tap()
    see(page, "number")
    page.context.close()


def test_the_screen_shows_what_the_keys_have_in_hand(browser: Browser, kiosk: KioskProcess) -> None:
    """Also where it stands on another page of choices."""
    page = opened(browser, kiosk, "7in-800x480")
    see(page, "home")
    kiosk.act("browse")
    kiosk.drivers.plug(True)
    until(lambda: kiosk.state()["audio"])
    for service in ("ho-tich", "chung-thuc", "dat-dai", "bao-tro", "kinh-doanh", "nhan-ket-qua"):
        kiosk.drivers.press("next")
        expect(page.locator(".focused")).to_have_id(f"service-{service}")
        expect(page.locator(".focused")).to_be_in_viewport(ratio=1)
    kiosk.drivers.plug(False)
    see(page, "home")
    expect(page.locator(".focused")).to_have_count(0)
    page.context.close()


def test_the_first_touch_on_a_resting_screen_only_wakes_it(page: Page, kiosk: KioskProcess) -> None:
    """The page is told to rest as it would be after minutes; its touch goes to the true kiosk."""
    resting = {**kiosk.state(), "dim": "Xin chạm vào màn hình"}
    page.route("**/api/language", lambda route: route.fulfill(json=resting))
    expect(page.locator("#wake")).to_be_hidden()
    box = page.locator("#service-ho-tich").bounding_box()
    assert box
    page.locator("#language").tap()
    expect(page.locator("#wake")).to_have_text("Xin chạm vào màn hình")
    expect(page.locator("#wake")).to_be_in_viewport(ratio=1)
    with page.expect_response("**/api/wake"):
        page.touchscreen.tap(box["x"] + 20, box["y"] + 20)
    expect(page.locator("#wake")).to_be_hidden()
    see(page, "home")
    assert kiosk.server.tickets == {}


def test_names_of_a_thousand_letters_break_nothing(browser: Browser, kiosk: KioskProcess) -> None:
    kiosk.server.change_home(home([(f"s{n}", ("Thủ tục xác nhận " * 70)[:1094], "x", "A", 3, True) for n in range(5)]))
    until(lambda: kiosk.state()["choices"][0]["label"].startswith("Thủ tục"))
    for panel in ("7in-800x480", "21in-1080x1920"):
        page = opened(browser, kiosk, panel)
        kiosk.act("browse")
        see(page, "choosing")
        seen = page.evaluate(LOOK)
        page.context.close()
        kiosk.home()
        assert seen["faults"] == []


# ---------------------------------------------------------------- what breaks
def test_the_server_goes_and_comes_back(page: Page, kiosk: KioskProcess) -> None:
    kiosk.server.down = True
    expect(page.get_by_text("Máy tạm dừng.", exact=True)).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Xin lấy số ở bàn hướng dẫn.", exact=True)).to_be_visible()
    kiosk.server.down = False
    see(page, "home")


@pytest.mark.slow(reason="a process killed and started, a page that must notice both by itself")
def test_the_kiosk_itself_is_killed_and_comes_back(browser: Browser, make_kiosk: Callable[..., KioskProcess]) -> None:
    kiosk = make_kiosk()
    kiosk.start()
    page = opened(browser, kiosk, "10in-1280x800")
    see(page, "home")
    assert kiosk.kill() == -signal.SIGKILL
    expect(page.locator("#lost")).to_be_visible(timeout=15_000)
    expect(page.locator("#lost")).to_contain_text("Máy tạm dừng.")
    kiosk.start()
    expect(page.locator("#lost")).to_be_hidden(timeout=15_000)
    page.locator("#help").tap()
    see(page, "number")
    page.context.close()


@pytest.mark.full
@pytest.mark.slow(reason="a half-open line is noticed only by its silence")
def test_the_kiosk_freezes_and_thaws(browser: Browser, make_kiosk: Callable[..., KioskProcess]) -> None:
    kiosk = make_kiosk()
    kiosk.start()
    page = opened(browser, kiosk, "10in-1280x800")
    see(page, "home")
    assert kiosk.process
    os.killpg(kiosk.process.pid, signal.SIGSTOP)
    expect(page.locator("#lost")).to_be_visible(timeout=20_000)
    os.killpg(kiosk.process.pid, signal.SIGCONT)
    expect(page.locator("#lost")).to_be_hidden(timeout=20_000)
    page.locator("#help").tap()
    see(page, "number")
    page.context.close()


def test_a_push_does_not_swallow_a_finger_that_is_down(page: Page, kiosk: KioskProcess) -> None:
    box = page.locator("#service-ho-tich").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    kiosk.act("text-size", large=True)  # would redraw every button
    until(lambda: kiosk.state()["large"])
    page.mouse.up()
    see(page, "number")
    assert kiosk.server.bodies[-1]["service"] == "ho-tich"


def test_axe_finds_nothing_and_would_find_something(page: Page, kiosk: KioskProcess) -> None:
    rules = "{'target-size': {enabled: true}, 'region': {enabled: false}}"  # a kiosk is one region
    run = f"() => axe.run(document, {{rules: {rules}}}).then(found => found.violations.map(one => one.id))"
    page.evaluate(AXE.read_text())
    for go in (_home, lambda kiosk: kiosk.act("browse"), _number):
        go(kiosk)
        until(lambda: page.get_attribute("body", "data-screen") == kiosk.state()["screen"])
        assert page.evaluate(run) == []
    page.evaluate("() => { const b = document.createElement('button'); document.body.append(b); }")
    assert "button-name" in page.evaluate(run)
