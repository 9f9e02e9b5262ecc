"""The rule that is not used: Erlang C on the day's average, as spreadsheets have it. For comparison only."""

from __future__ import annotations

import math

from queue_server.staffing.load import present_share, work_s
from queue_server.staffing.model import Centre
from queue_server.staffing.waits import TAIL, Target


def erlang_c(load: float, counters: int) -> float:
    """The chance of having to wait."""
    blocked = 1.0
    for n in range(1, counters + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (1 - load / counters * (1 - blocked))


def daily_average(centre: Centre, target: Target) -> int:
    """The fewest counters by the formula for the day's mean load, with room for clerks who are away on average."""
    open_s = sum(end - begin for begin, end in centre.opening) / 1000
    people = [sum(row[k] for row in centre.rates) for k in range(len(centre.services))]
    each_s = sum(n * work_s(centre, k) for k, n in enumerate(people)) / sum(people)
    load = sum(people) * each_s / open_s
    slots = [slot for slot in range(48) if any(a <= slot * 1_800_000 < b for a, b in centre.opening)]
    present = sum(present_share(centre, slot) for slot in slots) / len(slots)
    counters = math.ceil(load) + 1
    while not _holds(load, counters, each_s, target):
        counters += 1
    return math.ceil(counters / present)


def _holds(load: float, counters: int, each_s: float, target: Target) -> bool:
    waits_p = erlang_c(load, counters)
    rate = (counters - load) / each_s
    tail_s = math.log(waits_p / (1 - TAIL)) / rate if waits_p > 1 - TAIL else 0.0
    return waits_p / rate <= target.mean_s and tail_s <= target.tail_s
