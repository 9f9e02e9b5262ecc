"""Plans of the staffing advisor tried on simulated centres: from the truth, from what nine days taught, and the day's average by Erlang C.

A tool: `python -m tests.bench.staffing [SEED …]` prints the table of docs/staffing.md. Every plan of a centre meets the same forty days,
which no search has seen.
"""

from __future__ import annotations

import sys
import time

from queue_server.staffing.invent import invent
from queue_server.staffing.model import HALF_HOUR_MS, HALF_HOURS, Centre, Roster
from queue_server.staffing.planning import Case, constant, outlook, plan, play_all
from tests.staffing.erlang import daily_average
from tests.staffing.made import learned

DAYS, FRESH, POSTS, LOAD = 40, 7, 36, 0.6
SURGE_HEAD = (
    "| people | plan | most counters | counter-hours | mean | 95 % under | days that meet it | ends | on a heavy day |\n" + "|---" * 9 + "|"
)
HEAD = "| centre | plan | counter-hours | mean | 95 % under | days that meet it | target |\n|---|---|---|---|---|---|---|"


def row(name: str, what: str, truth: Centre, roster: Roster) -> str:
    """One line: the roster on the days that nobody searched on."""
    case = Case(truth)
    seen = play_all(truth, case.days(DAYS, FRESH), roster)
    hours = sum(end - begin for spans in roster for begin, end in spans) / 3_600_000
    verdict = "met" if seen.meets(case.target) else "missed"
    waits = f"{seen.mean_s / 60:.1f} | {seen.tail_s / 60:.1f}"
    return f"| {name} | {what} | {hours:.0f} | {waits} | {seen.met(case.target)} of {DAYS} | {verdict} |"


def table(seed: int) -> str:
    truth = invent(seed, posts=POSTS, load=LOAD)
    case, began_s = Case(truth), time.process_time()
    known_truth = plan(case)
    took_s = time.process_time() - began_s
    known = learned(truth, 9, 5000)
    lines = [
        row(str(seed), f"beta by simulation, true parameters ({took_s:.1f} s)", truth, known_truth.roster),
        row(str(seed), "beta by simulation, learned from 9 days", truth, plan(Case(known.centre)).roster),
    ]
    average = daily_average(truth, case.target)
    lines += [
        row(str(seed), f"Erlang C on the day's average: {average} all day", truth, constant(case, average)),
        row(str(seed), f"the same, {average + 2} all day", truth, constant(case, average + 2)),
    ]
    return "\n".join(lines)


def surge(seed: int, usual: float, more: float, posts: int, load: float) -> str:
    """A day with more people than usual: under the usual plan, and under a plan of its own."""
    truth = invent(seed, visits=usual, posts=posts, load=load)
    day = Case(truth, factor=(usual + more) / usual)
    lines = []
    for what, roster in (("the usual day's plan", plan(Case(truth)).roster), ("a plan for that day", plan(day).roster)):
        seen = play_all(truth, day.days(DAYS, FRESH), roster)
        told = outlook(seen, day.target)
        hours = sum(end - begin for spans in roster for begin, end in spans) / 3_600_000
        most = max(sum(any(a <= h * HALF_HOUR_MS < b for a, b in spans) for spans in roster) for h in range(HALF_HOURS))
        waits = f"{told.mean_s / 60:.1f} | {told.tail_s / 60:.1f} | {told.met} of {DAYS}"
        ends = " | ".join(f"{at // 3_600_000:02d}:{at // 60_000 % 60:02d}" for at in told.end_ms)
        lines.append(f"| {usual:.0f} + {more:.0f}, {posts} counters | {what} | {most} | {hours:.0f} | {waits} | {ends} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(HEAD)
    for number in map(int, sys.argv[1:] or ("1", "2", "4", "5")):
        print(table(number), flush=True)
    print(SURGE_HEAD)
    print(surge(1, 1050, 172, POSTS, LOAD), flush=True)
    print(surge(51, 250, 75, 14, 0.4), flush=True)
