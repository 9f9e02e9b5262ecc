"""Plans of the staffing advisor tried on simulated centres: from the truth, from what nine days taught, and the day's average by Erlang C.

A tool: `python -m tests.bench.staffing [SEED …]` prints the table of docs/staffing.md. Every plan of a centre meets the same forty days,
which no search has seen.
"""

from __future__ import annotations

import sys
import time

from queue_server.staffing.invent import invent
from queue_server.staffing.model import Centre, Roster
from queue_server.staffing.planning import Case, constant, plan, play_all
from tests.staffing.erlang import daily_average
from tests.staffing.made import learned

DAYS, FRESH, POSTS, LOAD = 40, 7, 36, 0.6
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


if __name__ == "__main__":
    print(HEAD)
    for number in map(int, sys.argv[1:] or ("1", "2", "4", "5")):
        print(table(number), flush=True)
