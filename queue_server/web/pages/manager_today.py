"""The manager's page, part "today by the hour": who came, how long they waited and how many counters stood open, drawn and as tables.

Draws what `services.day_course` and the day's figures say; it counts nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from queue_server.domain import calendar
from queue_server.services import day_course, queries, today
from queue_server.web.pages import plots, words
from queue_server.web.pages.visit import Visit

BIN_MIN, BINS = 5, 13  # the distribution: five minutes each, the last for an hour and more


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with the same figures as a table."""

    title: str
    svg: Markup
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def drawn(svg: str) -> Markup:
    """A drawing as the page takes it: `plots` escapes every text in it."""
    return Markup(svg)  # noqa: S704 - see above


def view(visit: Visit) -> dict[str, Any]:
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        day = calendar.business_day(visit.now_ms, config.utc_offset_min)
        figures = today.figures(reader, visit.site, day, now=visit.now_ms)
        course = day_course.of_day(reader, visit.site, day, figures, now=visit.now_ms)
    return {"plots": of_day(course, figures, targets_of(figures)), "at": words.hhmm(visit.now_ms)}


def targets_of(figures: Mapping[str, Any]) -> tuple[int, ...]:
    """The waits that the house has set itself, in seconds."""
    return tuple(int(share["target_s"]) for share in figures["shares"])


def of_day(course: Mapping[str, Any], figures: Mapping[str, Any], targets_s: Sequence[int], prefix: str = "today") -> list[Plot]:
    """The four plots of a day; none where nobody has come."""
    slots = course["half_hours"]
    if not slots:
        return []
    labels = [words.hhmm(slot["from_at"]) for slot in slots]
    every = 2 if len(labels) <= 26 else 4
    lines = [plots.Line(each / 60, f"{each // 60} phút") for each in targets_s]
    return [
        _came(prefix, labels, slots, every),
        _waited(prefix, labels, slots, lines, every),
        _spread(prefix, figures["wait"]["histogram"], lines),
        _counters(prefix, labels, slots, course["counters"], every),
    ]


def _came(prefix: str, labels: Sequence[str], slots: Sequence[Mapping[str, Any]], every: int) -> Plot:
    came = [slot["issued"] for slot in slots]
    busiest = max(range(len(came)), key=lambda n: came[n])
    about = f"Tổng {sum(came)} người; đông nhất từ {labels[busiest]}: {came[busiest]} người."
    frame = plots.Frame(f"{prefix}-came", "Người đến mỗi nửa giờ", about)
    rows = [(label, str(n)) for label, n in zip(labels, came, strict=True)]
    return Plot(frame.title, drawn(plots.bars(frame, labels, came, every=every)), ("Từ", "Người đến"), rows)


def _waited(prefix: str, labels: Sequence[str], slots: Sequence[Mapping[str, Any]], lines: Sequence[plots.Line], every: int) -> Plot:
    """From the median to what nine of ten did not exceed, with the mean marked."""
    found: list[plots.Range | None] = []
    for slot in slots:
        wait = slot["wait"]
        known = wait["n"] > 0
        found.append((wait["p50_s"] / 60, wait["mean_s"] / 60, wait["p90_s"] / 60) if known else None)
    worst = max((each[2] for each in found if each), default=0)
    about = f"Mỗi cột từ mức giữa đến mức chín phần mười số người, vạch đậm là trung bình. Cao nhất {round(worst)} phút."
    frame = plots.Frame(f"{prefix}-waited", "Thời gian chờ theo giờ lấy số (phút)", about)
    rows = [
        (label, str(slot["wait"]["n"]), *(words.minutes(slot["wait"][name]) for name in ("mean_s", "p50_s", "p90_s")))
        for label, slot in zip(labels, slots, strict=True)
    ]
    made = plots.ranges(frame, labels, found, lines, every=every)
    return Plot(frame.title, drawn(made), ("Từ", "Đã gọi", "Trung bình", "Một nửa chờ dưới", "90% chờ dưới"), rows)


def _spread(prefix: str, histogram: Mapping[str, int], lines: Sequence[plots.Line]) -> Plot:
    """The exact histogram of seconds, laid together five minutes by five minutes."""
    counts = [0] * BINS
    for second, n in histogram.items():
        counts[min(int(second) // (60 * BIN_MIN), BINS - 1)] += n
    about = f"{sum(counts)} lượt chờ; cột cuối là từ {BIN_MIN * (BINS - 1)} phút trở lên."
    frame = plots.Frame(f"{prefix}-spread", "Số lượt theo thời gian chờ (phút)", about)
    names = [f"{n * BIN_MIN}–{(n + 1) * BIN_MIN} phút" for n in range(BINS - 1)] + [f"từ {BIN_MIN * (BINS - 1)} phút"]
    rows = [(name, str(n)) for name, n in zip(names, counts, strict=True)]
    return Plot(frame.title, drawn(plots.distribution(frame, BIN_MIN, counts, lines)), ("Chờ", "Số lượt"), rows)


def _counters(
    prefix: str, labels: Sequence[str], slots: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]], every: int
) -> Plot:
    most = max((slot["counters_open"] for slot in slots), default=0)
    frame = plots.Frame(f"{prefix}-counters", "Quầy đang nhận người", f"Nhiều nhất {most} quầy cùng lúc.")
    rows = [(label, str(slot["counters_open"])) for label, slot in zip(labels, slots, strict=True)]
    made = plots.steps(frame, labels, [(each["from_slot"], each["open"]) for each in changes], every=every)
    return Plot(frame.title, drawn(made), ("Từ", "Nhiều nhất"), rows)
