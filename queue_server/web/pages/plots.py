"""Plots as SVG text, drawn here so that a page needs no script and a file no other file: bars, ranges, steps, a distribution.

Pure. Every plot has a title and a description for whoever cannot see it; the page puts the same figures beside it as a table.
Colours are attributes and not styles, because the content security policy allows no inline style. What is drawn is decided by
whoever calls: nothing is counted here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 210
LEFT, RIGHT, TOP, BOTTOM = 40, 12, 14, 26
INK, GRID, BAR, SOFT, RANGE, LATE = "#46586b", "#d4dde6", "#155a9c", "#cfe0f2", "#8bb4dd", "#a3151c"
TICKS = 4
WIDEST = 46.0  # of a column: one half hour alone is no wall

Range = tuple[float, float, float]  # low, middle, high


@dataclass(frozen=True, slots=True)
class Frame:
    """What every plot says of itself. `name` is unique on its page and becomes part of ids."""

    name: str
    title: str
    about: str


@dataclass(frozen=True, slots=True)
class Line:
    """A level that the figures are held against."""

    at: float
    text: str


def nice_top(most: float) -> tuple[int, int]:
    """The upper end of an axis and the distance of its ticks, in steps that people count in: 1, 2, 5 and tens of them."""
    step = 1
    while step * TICKS < most:
        digit = int(str(step)[0])
        step = step * 2 if digit in (1, 5) else step // 2 * 5
    return step * max(1, -(-int(-(-most // 1)) // step)), step


def bars(frame: Frame, labels: Sequence[str], values: Sequence[float], *, every: int = 2) -> str:
    """One bar for each label; a value of nothing leaves a gap."""
    top, step = nice_top(max(values, default=0))
    width = _wide() / max(1, len(values))
    wide = min(width * 0.76, WIDEST)
    drawn = [
        _rect(LEFT + (n + 0.5) * width - wide / 2, _y(value, top), wide, _y(0, top) - _y(value, top), BAR)
        for n, value in enumerate(values)
        if value
    ]
    return _svg(frame, [*_grid(top, step), *drawn, *_names(labels, every)])


def ranges(frame: Frame, labels: Sequence[str], found: Sequence[Range | None], targets: Sequence[Line] = (), *, every: int = 2) -> str:
    """For each label a column from low to high with a mark at the middle; None where nothing is known."""
    most = max([each[2] for each in found if each] + [line.at for line in targets], default=0)
    top, step = nice_top(most)
    width = _wide() / max(1, len(found))
    drawn, wide = [], min(width * 0.6, WIDEST)
    for n, each in enumerate(found):
        if each is None:
            continue
        low, middle, high = (_y(value, top) for value in each)
        x = LEFT + (n + 0.5) * width
        drawn.append(_rect(x - wide / 2, high, wide, max(low - high, 1.0), RANGE))
        drawn.append(_rect(x - wide * 0.63, middle - 1.5, wide * 1.26, 3, BAR))
    return _svg(frame, [*_grid(top, step), *drawn, *_targets(targets, top), *_names(labels, every)])


def distribution(frame: Frame, width_each: int, counts: Sequence[int], targets: Sequence[Line] = ()) -> str:
    """How many fell into each stretch of `width_each`; the last one holds all that lie beyond. Targets are upright lines."""
    top, step = nice_top(max(counts, default=0))
    width = _wide() / max(1, len(counts))
    drawn = [
        _rect(LEFT + n * width + 1, _y(count, top), width - 2, _y(0, top) - _y(count, top), BAR) for n, count in enumerate(counts) if count
    ]
    for line in targets:
        x = LEFT + line.at / width_each * width
        drawn.append(f'<line x1="{_n(x)}" y1="{TOP}" x2="{_n(x)}" y2="{HEIGHT - BOTTOM}" stroke="{LATE}" stroke-dasharray="5 4"/>')
        drawn.append(_text(x + 4, TOP + 9, line.text, anchor="start", fill=LATE))
    names = [
        _text(LEFT + n * width, HEIGHT - 9, f"{n * width_each}" + ("+" if n == len(counts) - 1 else "")) for n in range(len(counts)) if n
    ]
    return _svg(frame, [*_grid(top, step), *drawn, *names])


def steps(frame: Frame, labels: Sequence[str], changes: Sequence[tuple[float, int]], *, every: int = 2) -> str:
    """A level that stays until it changes: `changes` are (place on the axis, new level), where one label is one unit wide."""
    top, step = nice_top(max((level for _, level in changes), default=0))
    unit = _wide() / max(1, len(labels))
    path: list[str] = []
    base, last = _n(_y(0, top)), 0.0
    for place, level in changes:
        x = LEFT + min(max(place, 0.0), len(labels)) * unit
        path.append(f"V{_n(_y(last, top))}H{_n(x)}V{_n(_y(level, top))}" if path else f"M{_n(x)} {base}V{_n(_y(level, top))}")
        last = level
    drawn = [f'<path d="{"".join(path)}V{base}Z" fill="{SOFT}" stroke="{BAR}" stroke-width="2"/>'] if path else []
    return _svg(frame, [*_grid(top, step), *drawn, *_names(labels, every)])


# ---------------------------------------------------------------- what every plot is made of
def _wide() -> float:
    return WIDTH - LEFT - RIGHT


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _n(value: float) -> str:
    """A coordinate with as many digits as an eye sees."""
    return f"{value:.1f}".removesuffix(".0")


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{fill}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "middle", fill: str = INK) -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'


def _grid(top: int, step: int) -> Iterator[str]:
    for value in range(0, top + 1, step):
        y = _n(_y(value, top))
        yield f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="{GRID}"/>'
        yield _text(LEFT - 6, _y(value, top) + 4, str(value), anchor="end")


def _names(labels: Sequence[str], every: int) -> Iterator[str]:
    """Where each stretch begins, every so many."""
    width = _wide() / max(1, len(labels))
    for n, label in enumerate(labels):
        if n % every == 0:
            yield _text(LEFT + n * width, HEIGHT - 9, label)


def _targets(targets: Sequence[Line], top: float) -> Iterator[str]:
    for n, line in enumerate(targets):
        y = _y(line.at, top)
        yield f'<line x1="{LEFT}" y1="{_n(y)}" x2="{WIDTH - RIGHT}" y2="{_n(y)}" stroke="{LATE}" stroke-dasharray="5 4"/>'
        yield _text(WIDTH - RIGHT - n * 62, y - 4, line.text, anchor="end", fill=LATE)  # beside each other where the lines are close


def _svg(frame: Frame, parts: Sequence[str]) -> str:
    title, about = f"{frame.name}-title", f"{frame.name}-about"
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{title} {about}" font-size="12" '
        f'font-family="Be Vietnam Pro, Noto Sans, sans-serif"><title id="{title}">{escape(frame.title)}</title>'
        f'<desc id="{about}">{escape(frame.about)}</desc>{"".join(parts)}</svg>'
    )
