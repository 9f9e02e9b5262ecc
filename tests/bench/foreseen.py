"""What foreseeing costs those who take a number: two servers that differ in nothing else take turns under the same load.

Both have the same line of people in front of the same counters. Run alone: `python -m tests.bench.foreseen`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.house import House
from tests.bench.report import table

ISSUE = {"method": "POST", "path": "/api/v1/tickets", "body": {"request_id": "{tag}-{n}-{serial}", "service": "ho-tich"}}
NEXT = {"method": "POST", "path": "/api/v1/counters/{counter}/next", "body": {"request_id": "{tag}-{n}-{serial}"}}
CLIENTS, ROUNDS, LINE = 8, 9, 150
TICKS_S = os.sysconf("SC_CLK_TCK")
WAYS = ("plain", "foreseen")


def tagged(order: dict[str, Any], tag: str) -> dict[str, Any]:
    return order | {"body": {k: v.replace("{tag}", tag) for k, v in order["body"].items()}}


def measure(scale: float) -> dict[str, Any]:
    """Rates, times, processor and memory of both ways; every round both take their turn, so that other work slows both."""
    with tempfile.TemporaryDirectory() as folder:
        houses = {way: House(f"sqlite:///{folder}/{way}.db", waits=way) for way in WAYS}
        try:
            for way, house in houses.items():
                house.load(do="rate", clients=4, requests=LINE, **tagged(ISSUE, f"fill-{way}"))
            begun_s, spent_s = time.monotonic(), _behind_s(houses["foreseen"])
            rounds = [{way: _round(house, f"{way}{n}", scale) for way, house in houses.items()} for n in range(ROUNDS)]
            share = (_behind_s(houses["foreseen"]) - spent_s) / (time.monotonic() - begun_s)
            rss = {way: house.rss_mb() for way, house in houses.items()}
        finally:
            for house in houses.values():
                house.close()
    return {"rounds": rounds, "rss_mb": rss, "share": share, "load": os.getloadavg()[1]}


def _behind_s(house: House) -> float:
    """Processor seconds of the thread that foresees: the one that goes behind all others of its process."""
    spent: dict[int, int] = {}
    for stat in Path(f"/proc/{house.pid}/task").glob("*/stat"):
        fields = stat.read_text().rsplit(")", 1)[1].split()
        spent[int(fields[16])] = spent.get(int(fields[16]), 0) + int(fields[11]) + int(fields[12])
    return spent[max(spent)] / TICKS_S


def _round(house: House, tag: str, scale: float) -> dict[str, Any]:
    """As many issues as calls, so that the line stays as long as it was."""
    found: dict[str, Any] = {}
    for name, order in (("issue", ISSUE), ("call", NEXT)):
        before = house.cpu_s()
        result = house.load(do="rate", clients=CLIENTS, requests=int(320 * scale), **tagged(order, f"{tag}{name}"))
        assert result["bad"] == 0, result
        found[name] = result | {"cpu_ms": 1000 * (house.cpu_s() - before) / result["n"]}
    return found


def section(found: dict[str, Any]) -> str:
    """For the page: medians, and the ratio of the two ways within one round."""
    head = ["waits", "issue/s", "÷ plain", "p50 · p99 ms", "CPU ms", "call/s", "÷ plain", "p50 · p99 ms", "CPU ms", "resident MB"]
    rows = []
    for way in WAYS:
        cells = [way]
        for name in ("issue", "call"):
            own = [each[way][name] for each in found["rounds"]]
            ratio = median(each[way][name]["per_s"] / each["plain"][name]["per_s"] for each in found["rounds"])
            mid = {figure: median(one[figure] for one in own) for figure in ("per_s", "p50_ms", "p99_ms", "cpu_ms")}
            cells += [f"**{mid['per_s']:,.0f}**", f"{ratio:.2f}", f"{mid['p50_ms']:.1f} · {mid['p99_ms']:.1f}", f"{mid['cpu_ms']:.2f}"]
        rows.append([*cells, f"{found['rss_mb'][way]:.0f}"])
    return f"""## Waits foreseen, or by the plain rule, {CLIENTS} clients

Two servers take turns in every round; both begin with {LINE} people in line. Foreseeing runs on a thread beside the work and rests
twenty-four times as long as it works; an issue looks up what it keeps.

{table(head, rows)}

The thread took {100 * found["share"]:.1f} % of one core while this was measured.
Load of the machine meanwhile: {found["load"]:.0f} on {os.cpu_count()} cores.
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    measured = measure(parser.parse_args().scale)
    print(json.dumps(measured))
    print(section(measured))
