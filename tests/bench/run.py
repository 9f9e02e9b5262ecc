"""`make bench`: every figure of docs/benchmarks.md, in one run, so that the ratios mean something."""

from __future__ import annotations

import argparse
import json
import resource
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from queue_server.bootstrap import prepare
from queue_server.domain.principal import SYSTEM
from queue_server.services import configuring, issuing
from queue_server.services.unit import Unit
from queue_server.storage.repository import Repository
from queue_server.storage.sql import Runner
from queue_server.storage.sqlite import connect
from tests.bench import cards, fleet, foreseen, idle, recovery, slips
from tests.bench.history import grow
from tests.bench.house import SITE, House
from tests.bench.report import write
from tests.faults.shim import built, slow
from tests.postgres import Cluster

ISSUE = {"method": "POST", "path": "/api/v1/tickets", "body": {"request_id": "{tag}-{n}-{serial}", "service": "ho-tich"}}
NEXT = {"method": "POST", "path": "/api/v1/counters/{counter}/next", "body": {"request_id": "{tag}-{n}-{serial}"}}
NOTHING = {"method": "GET", "path": "/healthz"}
CLIENTS = (1, 8, 32)
REQUESTS = {1: 200, 8: 640, 32: 960}  # a round of one kind: no more people wait at once than a large hall holds
ROUNDS = 5
SITES = 32
_tags = iter(range(10_000))


def tagged(order: dict[str, Any]) -> dict[str, Any]:
    """The order with request ids of its own."""
    if "body" not in order:
        return dict(order)
    tag = f"b{next(_tags)}"
    return order | {"body": {k: v.replace("{tag}", tag) for k, v in order["body"].items()}}


def rates(house: House, scale: float, clients: Sequence[int] = CLIENTS) -> list[dict[str, Any]]:
    """No-op, issue and call, with the server's CPU per request: medians of rounds in which the three take turns."""
    return [{"clients": n} | _medians([_round(house, n, int(REQUESTS[n] * scale)) for _ in range(ROUNDS)]) for n in clients]


def _round(house: House, clients: int, requests: int) -> dict[str, dict[str, Any]]:
    found = {}
    for name, order in (("noop", NOTHING), ("issue", ISSUE), ("call", NEXT)):
        before = house.cpu_s()
        result = house.load(do="rate", clients=clients, requests=requests, **tagged(order))
        assert result["bad"] == 0, f"{name}: {result}"
        found[name] = result | {"cpu_ms": 1000 * (house.cpu_s() - before) / result["n"]}
    return found


def _medians(rounds: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Figure by figure; the ratios to the no-op of the same round, because other work on the machine slows both."""
    row: dict[str, Any] = {
        name: {figure: median(each[name][figure] for each in rounds) for figure in rounds[0][name]} for name in ("noop", "issue", "call")
    }
    for name in ("issue", "call"):
        row[name]["ratio"] = median(each[name]["per_s"] / each["noop"]["per_s"] for each in rounds)
    return row


def bare_sql(scale: float) -> dict[str, float]:
    """The very statements of an issue, replayed on a copy of the database without a server: issues a second with a commit
    each, and with 32 to a commit."""
    n = int(2000 * scale)
    with tempfile.TemporaryDirectory() as folder:
        empty, statements = recorded_issues(Path(folder), n)
        return {name: replayed(empty, Path(folder) / f"{name}.db", statements, group) for name, group in (("each", 1), ("group", 32))}


class Recorder:
    """A connection that remembers what it was asked."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.said: list[tuple[str, Any]] = []

    def execute(self, sql: str, params: Any = ()) -> Any:
        self.said.append((sql, params))
        return self._connection.execute(sql, params)


def recorded_issues(folder: Path, n: int) -> tuple[Path, list[list[tuple[str, Any]]]]:
    """An empty site's file, and the statements of n issues on it."""
    url = f"sqlite:///{folder}/source.db"
    store = prepare(url)
    configuring.init_site(store, site=SITE)
    store.close()
    empty = folder / "empty.db"
    shutil.copy(folder / "source.db", empty)
    connection = connect(f"{folder}/source.db")
    recorder, said = Recorder(connection), []
    repository = Repository(Runner(recorder, "sqlite"), int(time.time() * 1000), secrets.token_bytes, {})
    connection.execute("BEGIN IMMEDIATE")
    for serial in range(n):
        recorder.said = []
        unit = Unit(repository, SITE, f"r{serial}", SYSTEM)
        repository.request(SITE, f"r{serial}")
        body = json.dumps(issuing.issue(unit, service="ho-tich"))
        unit.finish()
        repository.flush()
        row = {"site": SITE, "request_id": f"r{serial}", "fingerprint": "x" * 80, "status": 201, "body": body, "at": unit.now_ms}
        repository.add_request(row)
        said.append(recorder.said)
    connection.execute("COMMIT")
    connection.close()
    return empty, said


def replayed(empty: Path, path: Path, issues: list[list[tuple[str, Any]]], group: int) -> float:
    shutil.copy(empty, path)
    connection = connect(str(path))
    begun = time.perf_counter()
    for serial, statements in enumerate(issues):
        if serial % group == 0:
            connection.execute("BEGIN IMMEDIATE")
        for sql, params in statements:
            connection.execute(sql, params).fetchall()
        if serial % group == group - 1 or serial == len(issues) - 1:
            connection.execute("COMMIT")
    seconds = time.perf_counter() - begun
    connection.close()
    return len(issues) / seconds


def on(url: str, measure: Callable[[House], Any], **options: Any) -> Any:
    """Measure on a server of its own."""
    house = House(url, **options)
    try:
        return measure(house)
    finally:
        house.close()


def stream_figures(house: House, scale: float, counts: list[int]) -> list[dict[str, Any]]:
    """Open streams while one client issues 40 a second."""
    rows = []
    house.listen(streams=150, per_s=40, requests=200, **tagged(ISSUE))  # from so many on streams have a process of their own
    idle = house.rss_mb()
    quiet = house.load(do="rate", clients=1, requests=int(200 * scale), **tagged(ISSUE))
    for streams in counts:
        result = house.listen(streams=streams, per_s=40, requests=int(400 * scale), **tagged(ISSUE))
        rows.append(result | {"streams": streams, "rss_mb": house.rss_mb(), "idle_mb": idle, "quiet_p99_ms": quiet["p99_ms"]})
    return rows


def growth_figures(folder: Path, scale: float, sizes: list[int]) -> list[dict[str, Any]]:
    """Issue, call and board at 8 clients with more and more history in the file."""
    rows = []
    for tickets in sizes:
        url = f"sqlite:///{folder}/grown-{tickets}.db"
        grow(url, tickets)

        def measure(house: House, tickets: int = tickets) -> dict[str, Any]:
            board = {"method": "GET", "path": "/api/v1/board"}
            row: dict[str, Any] = {"tickets": tickets}
            for name, order in (("issue", ISSUE), ("call", NEXT), ("board", board)):
                row[name] = house.load(do="rate", clients=8, requests=int(1600 * scale), **tagged(order))
            return row

        rows.append(on(url, measure))
    return rows


def main() -> None:
    """Everything, or with `--quick` a tenth of it, to see that the benchmark itself works."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--streams", type=int, nargs="*", default=[200, 1000, 10_000])
    parser.add_argument("--tickets", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks.md"))
    chosen = parser.parse_args()
    scale = 0.1 if chosen.quick else 1.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found: dict[str, Any] = {"bare": bare_sql(scale)}
        found["sqlite"] = on(f"sqlite:///{folder}/a.db", lambda house: rates(house, scale))
        progress(found)
        found["rss"] = on(f"sqlite:///{folder}/r.db", lambda house: memory(house, scale))
        found["slow"] = on(f"sqlite:///{folder}/s.db", lambda house: rates(house, scale / 4), preload=slow(built(folder), 5000))
        cluster = Cluster(safe=True)
        try:
            found["postgresql"] = on(cluster.url("site"), lambda house: rates(house, scale))
            many = {workers: cluster.create(f"many{workers}") for workers in (1, 2)}
            found["sites"] = [
                {"workers": workers} | on(url, lambda house: rates(house, scale, (32,))[0], workers=workers, sites=SITES)
                for workers, url in many.items()
            ]
            found["shared"] = on(cluster.create("shared"), lambda house: rates(house, scale, (32,))[0], workers=2)
        finally:
            cluster.stop()
        progress(found)
        found["streams"] = on(f"sqlite:///{folder}/t.db", lambda house: stream_figures(house, scale, chosen.streams))
        progress(found)
        found["growth"] = growth_figures(folder, scale, chosen.tickets)
        found["slips"] = slips.measure(scale)
    found["foreseen"] = foreseen.measure(scale)
    found["cards"] = cards.measure(scale)
    found["idle"] = idle.figures(scale)
    found["fleet"] = fleet.figures(int(200 * scale), 10 * scale)
    sections = (
        foreseen.section(found["foreseen"]),
        slips.section(found["slips"]),
        cards.section(found["cards"]),
        idle.section(found["idle"]),
        fleet.section(found["fleet"]),
        recovery.section(quick=chosen.quick),
    )
    write(chosen.out, found, quick=chosen.quick, sections=sections)
    print(f"written: {chosen.out}")


def progress(found: dict[str, Any]) -> None:
    """What was measured so far, for whoever waits: the whole takes about half an hour."""
    print(json.dumps(found), flush=True)


def memory(house: House, scale: float) -> dict[str, float]:
    """Resident memory before and after 10,000 tickets."""
    before = house.rss_mb()
    house.load(do="rate", clients=32, requests=int(10_000 * scale), **tagged(ISSUE))
    return {"before_mb": before, "after_mb": house.rss_mb()}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    main()
