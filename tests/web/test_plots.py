"""Drawings without a browser: well formed, named for who cannot see them, and as high as their figures."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from queue_server.web.pages import plots
from queue_server.web.pages.manager_alarms import ordered, queues, unusual

SVG = ElementTree.Element
FRAME = plots.Frame("f", "Số người <b>", 'Một "hai" & ba')


def bars_of(svg: str, fill: str = plots.BAR) -> list[tuple[float, float]]:
    """Upper edge and height of each filled rectangle."""
    return [
        (float(each.get("y") or 0), float(each.get("height") or 0))
        for each in ElementTree.fromstring(svg).iter("rect")
        if each.get("fill") == fill
    ]


@pytest.mark.parametrize(
    ("most", "expected"),
    [(0, (1, 1)), (1, (1, 1)), (4, (4, 1)), (5, (6, 2)), (17, (20, 5)), (41, (60, 20)), (168, (200, 50)), (999, (1000, 500))],
)
def test_axes_end_at_round_numbers_above_the_highest_figure(most: float, expected: tuple[int, int]) -> None:
    top, step = plots.nice_top(most)
    assert (top, step) == expected
    assert top >= most
    assert top / step <= plots.TICKS + 1


def test_a_plot_says_what_it_is_and_lets_nothing_in() -> None:
    root = ElementTree.fromstring(plots.bars(FRAME, ["07:00", "<i>"], [3, 0]))
    assert root.get("role") == "img"
    assert [(each.tag, each.get("id"), each.text) for each in root[:2]] == [
        ("title", "f-title", FRAME.title),
        ("desc", "f-about", FRAME.about),
    ]
    assert root.get("aria-labelledby") == "f-title f-about"
    assert "style" not in "".join(each.tag + "".join(each.keys()) for each in root.iter())


def test_bars_are_as_high_as_their_figures_and_nothing_is_a_gap() -> None:
    heights = [height for _, height in bars_of(plots.bars(FRAME, ["a", "b", "c", "d"], [10, 0, 20, 5]))]
    assert len(heights) == 3
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.01)
    assert heights[2] == pytest.approx(heights[0] / 2, rel=0.02)


def test_ranges_stand_from_low_to_high_and_targets_across() -> None:
    svg = plots.ranges(FRAME, ["a", "b"], [(10, 15, 20), None], [plots.Line(15, "15 phút")])
    ((upper, height),) = bars_of(svg, plots.RANGE)
    lines = [each for each in ElementTree.fromstring(svg).iter("line") if each.get("stroke") == plots.LATE]
    assert len(lines) == 1
    assert upper < float(lines[0].get("y1") or 0) < upper + height


def test_steps_keep_their_level_until_it_changes() -> None:
    (path,) = ElementTree.fromstring(plots.steps(FRAME, ["a", "b"], [(0, 2), (1, 3), (2, 0)])).iter("path")
    assert (path.get("d") or "").count("H") == 2
    assert plots.steps(FRAME, ["a"], []).count("<path") == 0


def test_a_day_without_anybody_can_be_drawn() -> None:
    for svg in (plots.bars(FRAME, [], []), plots.ranges(FRAME, [], []), plots.distribution(FRAME, 5, []), plots.steps(FRAME, [], [])):
        ElementTree.fromstring(svg)


def test_alarms_urgent_ones_first_and_one_for_each_trouble() -> None:
    service = {"code": "a", "name": "Hộ tịch", "waiting": 3, "desks": 0, "longest_s": 9, "longest": "< 1 phút"}
    late = service | {"code": "b", "name": "Đất đai", "desks": 1, "longest_s": 2700, "longest": "45 phút"}
    card = {"kind": "card", "who": "", "labels": ["A001", "A002"], "text": {"vi": "Một thẻ đã lấy 4 số trong ngày"}}
    chosen = {"kind": "chosen", "who": "person:x", "labels": [], "text": {"vi": "Gọi ngoài thứ tự 5 lần"}}
    told = ordered(unusual([card, chosen]), queues([service, late, service], 2700))
    assert [(each["tone"], each["what"]) for each in told] == [
        ("bad", "Hộ tịch: 3 người chờ nhưng chưa có quầy nào mở."),
        ("bad", "Đất đai: có người đã chờ 45 phút."),
        ("warn", "Một thẻ đã lấy 4 số trong ngày (A001, A002)."),
    ]
    assert all(each["remedy"] for each in told)
