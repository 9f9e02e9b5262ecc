"""`python -m tests.bench.estimates`: how far off the estimate is and how often its ranges hold, beside what others print, in the same
run; as the tables of docs/estimates.md. `--quick` sees that it works; `--centre 11` plays one centre alone, `--warsaw` the offices alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from queue_server.estimating.scene import CALL_GAP, WHAT_IF
from queue_server.staffing.invent import invent
from queue_server.staffing.model import Centre
from tests.bench import estimate_warsaw
from tests.bench.estimate_centres import Row, Study

DAYS = 6
RIVALS = ("people ahead × configured minutes", "ZMS rule", "last to enter")
PERIODS = ((1, 1), (2, 3), (4, 99))


@dataclass(frozen=True)
class Kind:
    """A centre of the report: its seed, which no tuning has seen (that used 1 to 3), and what is particular about it."""

    seed: int
    what: str
    plan: bool = True
    shape: dict[str, float | int | bool] = field(default_factory=dict)

    @property
    def centre(self) -> Centre:
        return invent(self.seed, **self.shape)  # type: ignore[arg-type]


KINDS = (
    Kind(11, "lunches by turns, plan known"),
    Kind(12, "lunches by turns, plan not known", plan=False),
    Kind(13, "closed over noon", shape={"over_noon": False}),
    Kind(14, "overloaded: 5 % more work than the desks can do", shape={"load": 1.05}),
    Kind(15, "a ward: 4 desks, 150 people, 5 services", shape={"posts": 4, "visits": 150, "services": 5, "load": 0.8}),
)


def head(*names: str) -> None:
    """The first two lines of a table."""
    print("", f"| {' | '.join(names)} |", "|" + "---|" * len(names), sep="\n")


def share(rows: Sequence[Row], held: Callable[[Row], bool]) -> float:
    return fmean(held(row) for row in rows) if rows else float("nan")


def printed(row: Row) -> bool:
    """Whether what was printed held: seconds on the wall, breaks and rounding included."""
    return row.told.low_s <= row.wall_s <= row.told.high_s


def within(basis: str) -> Callable[[Row], bool]:
    def held(row: Row) -> bool:
        low, _, high = row.ranges[basis]
        return low <= row.real_s <= high

    return held


def errors(rows: Iterable[Row], point: Callable[[Row], float]) -> tuple[float, float]:
    """Mean absolute error and bias in minutes."""
    off = [point(row) / 60 for row in rows]
    return fmean(map(abs, off)), fmean(off)


def coverage_lines(kind: Kind, study: Study) -> list[str]:
    """One line per period: how many queued, how long, and how often each range held."""
    lines = []
    for first, last in PERIODS:
        rows = [row for row in study.rows if first <= row.day <= last]
        queued = [row for row in rows if row.queued]
        played = [row for row in queued if WHAT_IF in row.ranges]
        if not queued:
            continue
        width = fmean(row.told.high_s - row.told.low_s for row in queued) / 60
        free = [row for row in rows if not row.queued]
        right = share(free, lambda row: row.wall_s <= 60)
        days = f"{first}" if first == last else f"{first}–{min(last, study.day)}"
        lines.append(
            f"| {kind.seed} | {days} | {len(queued)} of {len(rows)} | {fmean(row.wall_s for row in queued) / 60:.1f} "
            f"| **{share(queued, printed):.3f}** | {width:.1f} | {share(played, within(WHAT_IF)):.3f} "
            f"| {share(played, within(WHAT_IF + ', raw')):.3f} | {share(queued, within(CALL_GAP)):.3f} | {right:.3f} |"
        )
    return lines


def error_line(kind: Kind, study: Study) -> str:
    """Mean absolute error (bias) of every rule over everybody who queued."""
    rows = [row for row in study.rows if row.queued]
    cells = [errors(rows, lambda row: row.told.mid_s - row.wall_s)]
    cells.append(errors(rows, lambda row: row.ranges[CALL_GAP][1] - row.real_s))
    for rule in RIVALS:
        cells.append(errors(rows, lambda row, rule=rule: row.said[rule] - row.wall_s))  # type: ignore[misc]
    text = " | ".join(f"{mae:.1f} ({bias:+.1f})" for mae, bias in cells)
    ordered = sorted(study.cost_s)
    cost = f"{1000 * fmean(ordered):.1f} / {1000 * ordered[int(0.99 * len(ordered))]:.1f}"
    return f"| {kind.seed} | {fmean(row.wall_s for row in rows) / 60:.1f} | {text} | {cost} | {study.learned.ahead} |"


def centres(kinds: Sequence[Kind], days: int) -> None:
    """Both tables of the simulated centres."""
    coverage, errors_ = [], []
    for kind in kinds:
        study = Study(kind.centre, kind.seed, plan=kind.plan).run(days)
        coverage += coverage_lines(kind, study)
        errors_.append(error_line(kind, study))
        print(f"centre {kind.seed}: {kind.what}", flush=True)
    ranges = ("printed range held", "its width", "before rounding", "paths alone", "plain rule", "“no wait” right")
    head("centre", "days", "queued", "mean wait", *ranges)
    print(*coverage, sep="\n")
    head("centre", "mean wait", "estimate", "plain rule", *RIVALS, "ms, mean / P99", "used")
    print(*errors_, sep="\n")


def warsaw() -> None:
    """The table of the real offices."""
    rows = estimate_warsaw.rows()
    real = fmean(row.real_s for row in rows) / 60
    print(f"\n{len(rows)} looks with a queue, mean wait {real:.1f} minutes")
    head("rule", "mean absolute error", "bias", "range held", "printed range held")
    for rule in rows[0].points:
        off = [(row.points[rule] - row.real_s) / 60 for row in rows]
        held = f"{fmean(r.range_s[0] <= r.real_s <= r.range_s[1] for r in rows):.3f}"
        shown = f"**{fmean(r.shown_s[0] <= r.real_s <= r.shown_s[1] for r in rows):.3f}**"
        both = f"{held} | {shown}" if rule == "the plain rule" else "– | –"
        print(f"| {rule} | {fmean(map(abs, off)):.1f} | {fmean(off):+.1f} | {both} |")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--quick", action="store_true", help="two days of the smallest centre")
    words.add_argument("--centre", type=int, help="this one alone")
    words.add_argument("--days", type=int, default=DAYS)
    words.add_argument("--warsaw", action="store_true", help="the offices alone")
    chosen = words.parse_args()
    if not chosen.warsaw:
        kinds = [kind for kind in KINDS if chosen.centre in (None, kind.seed)]
        centres(kinds[-1:] if chosen.quick else kinds, 2 if chosen.quick else chosen.days)
    if not chosen.centre:
        warsaw()


if __name__ == "__main__":
    main()
