"""The board on the televisions it is made for: everything inside, nothing cut, large enough, still digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import FarEnd

Open = Callable[..., Page]
pytestmark = pytest.mark.browser
SCREENS = [(1920, 1080), pytest.param(1280, 720, marks=pytest.mark.full), (1080, 1920)]
CAP = 0.714  # Noto Sans: height of a capital by font size

MEASURE = """() => {
  const box = node => {
    const r = node.getBoundingClientRect();
    return {x: r.x, y: r.y, right: r.right, bottom: r.bottom, w: r.width, h: r.height};
  };
  const size = node => parseFloat(getComputedStyle(node).fontSize), font = node => getComputedStyle(node).fontFamily.split(",")[0];
  const shown = [...document.querySelectorAll("#stage *")].filter(n => !n.hidden && n.getClientRects().length && n.textContent.trim());
  const cut = [], frames = ".half, li, header, footer, #banner, #empty";
  for (const node of shown) {
    const range = document.createRange(), who = (node.id || node.className || node.tagName) + ": " + node.textContent.trim();
    range.selectNodeContents(node);
    const r = range.getBoundingClientRect(), frame = (node.closest(frames) || document.body).getBoundingClientRect();
    if (r.left < frame.left - 1 || r.right > frame.right + 1) cut.push(who);
    if (r.right > innerWidth + 1 || r.bottom > innerHeight + 1 || r.x < -1 || r.y < -1) cut.push("outside " + who);
  }
  const [number, counter, clock] = ["number", "counter", "clock"].map(id => document.getElementById(id));
  const row = document.querySelector("#recent li:not([hidden]) span"), all = document.documentElement;
  return {cut, number: size(number), counter: size(counter), row: row && size(row),
    halves: [...document.querySelectorAll(".half")].map(box), numberBox: box(number), counterBox: box(counter),
    scroll: [all.scrollWidth, all.scrollHeight], fonts: [font(number), font(clock), row && font(row)],
    loaded: [...document.fonts].filter(f => f.status === "loaded").length};
}"""


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarEnd]:
    """One morning, shown on every screen."""
    far = FarEnd(tmp_path_factory.mktemp("hall"), "--stale", "600", "--dead", "900")
    far.hall("issued", "A200")
    for label, counter in [("C018", "7"), ("A104", "2"), ("CN1005", "12"), ("K009", "1"), ("N1005", "14"), ("A105", "3")]:
        far.hall("called", label, counter)
    yield far
    far.kill()


def measure(page: Page) -> Any:
    page.evaluate("() => document.fonts.ready.then(() => true)")
    return page.evaluate(MEASURE)


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_everything_stands_inside_and_is_large_enough(hall: FarEnd, board: Open, width: int, height: int) -> None:
    page = board(f"{hall.url}/b/TOKEN/", width=width, height=height)
    expect(page.locator("#number")).to_have_text("A105")
    found = measure(page)
    assert found["cut"] == []
    assert found["scroll"] == [width, height]
    assert found["number"] == found["counter"], "number and counter are one size class"
    short = min(width, height)
    # 87 mm on a 32-inch television (398 mm high): read from 15 m at 20 minutes of arc.
    assert found["number"] * CAP >= 87 / 398 * short
    assert found["row"] * CAP >= 34 / 398 * short
    assert found["fonts"] == ['"Noto Sans Board"'] * 3
    assert found["loaded"] >= 3
    for half, figure in zip(found["halves"], (found["numberBox"], found["counterBox"]), strict=True):
        assert figure["x"] >= half["x"]
        assert figure["right"] <= half["right"]


SET = """([label, counter]) => {
  document.getElementById("number").textContent = label; document.getElementById("counter").textContent = counter;
  document.getElementById("big").dataset.size = String(Math.max(label.length, 4));
}"""


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), pytest.param(1080, 1920, marks=pytest.mark.full)])
def test_the_longest_labels_fit_and_digits_are_all_of_one_width(hall: FarEnd, board: Open, width: int, height: int) -> None:
    page = board("about:blank", width=width, height=height)
    page.clock.install()
    page.goto(f"{hall.url}/b/TOKEN/")
    expect(page.locator("#number")).to_have_text("A105")
    page.clock.pause_at(4_000_000_000_000)  # the page draws no more: what is set here stays
    for label, counter in (("N888", "8"), ("CN888", "88"), ("CN8888", "888")):
        page.evaluate(SET, [label, counter])
        found = measure(page)
        assert found["cut"] == [], label
        assert found["number"] * CAP >= 0.15 * min(width, height), label
    page.evaluate("() => { document.getElementById('number').style.alignSelf = 'center'; }")
    wide = []
    for label in ("N111", "N444", "N888"):
        page.evaluate(SET, [label, "1"])
        wide.append(measure(page)["numberBox"]["w"])
    assert max(wide) - min(wide) < 0.5


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_banner_takes_the_footers_place_and_is_whole(tmp_path: Path, board: Open, width: int, height: int) -> None:
    far = FarEnd(tmp_path)
    page = board("about:blank", width=width, height=height)
    page.clock.install()
    far.hall("called", "A105", "3")
    page.goto(f"{far.url}/b/TOKEN/")
    expect(page.locator("#number")).to_have_text("A105")
    far.kill()
    page.clock.run_for(25_000)
    expect(page.locator("#banner")).to_be_visible()
    found = measure(page)
    assert found["cut"] == []
    assert found["number"] == found["counter"]
    banner = page.locator("#banner").bounding_box()
    assert banner
    assert (banner["x"], banner["width"]) == (0, width)
    assert banner["y"] + banner["height"] == pytest.approx(height, abs=1)
    page.clock.run_for(70_000)
    expect(page.locator(".lost")).to_be_visible()
    assert measure(page)["cut"] == []


LOOK = """() => {
  const at = getComputedStyle(document.querySelector("#big .ticket")), around = getComputedStyle(document.getElementById("big"));
  return [at.animationName, at.animationDuration, at.animationIterationCount, parseFloat(around.borderTopWidth)];
}"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_new_call_changes_colour_once_a_second_or_wears_a_thick_border(tmp_path: Path, board: Open, motion: str) -> None:
    far = FarEnd(tmp_path)
    page = board("about:blank", motion=motion)
    page.clock.install()
    page.goto(f"{far.url}/b/TOKEN/")
    expect(page.locator("html")).to_have_attribute("data-seen", "yes")
    far.hall("called", "A105", "3")
    expect(page.locator("#big")).to_have_class("ring")
    during = page.evaluate(LOOK)
    page.clock.run_for(6500)
    expect(page.locator("#big")).not_to_have_class("ring")
    after = page.evaluate(LOOK)
    far.kill()
    assert after[0] == "none"
    if motion == "reduce":
        assert during[0] == "none"
        assert during[3] > 2 * after[3]
    else:
        assert during[:3] == ["swap-ground", "1s", "6"]
