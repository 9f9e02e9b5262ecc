"""By hand: `make sim ARGS="--days N --seed S"`. Centre-days one after the other, what was wrong with them, how fast.

Prints each violation with its seed, so that the day can be kept in `seeds`.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.sim.centre import HOUR_MS, SMALL, TINY, Plan, empty, play
from tests.sim.checker import judge

PLANS = {"tiny": TINY, "small": SMALL, "usual": Plan()}


def main() -> int:
    about = argparse.ArgumentParser(description=__doc__)
    about.add_argument("--days", type=int, default=1000)
    about.add_argument("--seed", type=int, default=1)
    about.add_argument("--plan", choices=list(PLANS), default="small")
    told = about.parse_args()
    plan = PLANS[told.plan]
    empty()
    began_s, crashes, rows, bad = time.perf_counter(), 0, 0, 0
    for seed in range(told.seed, told.seed + told.days):
        found = play(seed, plan)
        crashes, rows = crashes + len(found.crashes), rows + len(found.log)
        wrong = judge(found)
        bad += bool(wrong)
        for what in wrong[:5]:
            print(f"seed {seed}: {what}", flush=True)
    spent_s = time.perf_counter() - began_s
    lived_s = told.days * (plan.hours + plan.calm_h) * HOUR_MS / 1000  # the night is leapt over and not counted
    print(f"{told.days} centre-days of {plan.hours + plan.calm_h:.2f} h, {rows} rows of log, {crashes} deaths of processes")
    print(f"{spent_s:.1f} s, {lived_s / spent_s:.0f} times real time; days with violations: {bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
