"""The page that the benchmark writes: figures as ratios first, beside the aims, with what limits each."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

INTRO = """# Benchmarks

Written by `make bench` in one run on {machine}. Client and server share the same two cores, so the ratios within this page mean
something and the absolute figures only on such a machine. Every request is checked to have been accepted. Commits are durable (SQLite
WAL with synchronous=FULL, PostgreSQL with fsync). One site, one API key, keep-alive connections; an issue counts who is ahead and gives
an estimate, a call ends the previous visit and calls the next person.
"""


MISSING: dict[str, Any] = {"p99_ms": None, "last_ms": None, "issue_p99_ms": None}


def told(ms: float | None) -> str:
    """A duration, or that it was not measured in this run."""
    return "not measured" if ms is None else f"{ms:.0f} ms"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    line = "| " + " | ".join(head) + " |"
    return "\n".join([line, "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows)])


def rate_rows(rows: list[dict[str, Any]]) -> str:
    head = ["clients", "no-op/s", "issue/s", "÷ no-op", "p50 · p99 ms", "CPU ms", "call/s", "÷ no-op", "p50 · p99 ms", "CPU ms"]
    cells = []
    for row in rows:
        line = [str(row["clients"]), f"{row['noop']['per_s']:,.0f}"]
        for name in ("issue", "call"):
            each = row[name]
            line += [f"**{each['per_s']:,.0f}**", f"{each['ratio']:.2f}"]
            line += [f"{each['p50_ms']:.1f} · {each['p99_ms']:.1f}", f"{each['cpu_ms']:.2f}"]
        cells.append(line)
    return table(head, cells)


def site_rows(found: dict[str, Any]) -> str:
    """Thirty-two clients on PostgreSQL: how the sites and the processes are spread."""
    head = ["sites", "processes", "issue/s", "p50 · p99 ms", "CPU ms", "call/s", "p50 · p99 ms", "CPU ms"]
    kinds = [("1", "1", found["postgresql"][-1]), ("1", "2", found["shared"])]
    kinds += [("32", str(row["workers"]), row) for row in found["sites"]]
    cells = []
    for sites, processes, row in kinds:
        line = [sites, processes]
        for each in (row["issue"], row["call"]):
            line += [f"**{each['per_s']:,.0f}**", f"{each['p50_ms']:.1f} · {each['p99_ms']:.1f}", f"{each['cpu_ms']:.2f}"]
        cells.append(line)
    return table(head, cells)


def aims(found: dict[str, Any]) -> str:
    """The aims of the house beside what was reached."""
    full, slow = found["sqlite"][-1], found["slow"][-1]
    streams = {row["streams"]: row for row in found["streams"]}
    grown = found["growth"]
    ratio = max(grown[-1][name]["p99_ms"] / grown[0][name]["p99_ms"] for name in ("issue", "call", "board"))
    few, many = (streams.get(count, MISSING) for count in (200, 10_000))
    rows = [
        ["issue rate ÷ no-op, 32 clients", "0.40", "0.50", f"{full['issue']['ratio']:.2f}"],
        ["issue p99", "50 ms", "35 ms", f"{full['issue']['p99_ms']:.0f} ms"],
        ["server CPU per ticket", "0.9 ms", "0.6 ms", f"{full['issue']['cpu_ms']:.2f} ms"],
        [
            "5 ms per fsync: issue/s · p99",
            "900 · 65 ms",
            "1,400 · 45 ms",
            f"{slow['issue']['per_s']:,.0f} · {slow['issue']['p99_ms']:.0f} ms",
        ],
        ["call → every board, 200 streams, p99", "20 ms", "10 ms", told(few["p99_ms"])],
        [
            "10,000 streams: last one · issue p99",
            "200 ms · 50 ms",
            "90 ms · 20 ms",
            f"{told(many['last_ms'])} · {told(many['issue_p99_ms'])}",
        ],
        ["RSS after 10,000 tickets", "110 MB", "80 MB", f"{found['rss']['after_mb']:.0f} MB"],
        [f"growth to {grown[-1]['tickets']:,} tickets (worst p99 ratio)", "≤ 1.2 ×", "flat", f"{ratio:.2f} ×"],
    ]
    return table(["figure", "floor", "aim", "reached"], rows)


def stream_rows(rows: list[dict[str, Any]]) -> str:
    head = ["streams", "rows that reached all", "issue → stream p50 · p99", "last stream", "issue p99 (without streams)", "KB per stream"]
    cells = [
        [
            f"{row['streams']:,}", f"{row['complete']} of {row['events']}", f"{told(row['p50_ms'])} · {told(row['p99_ms'])}",
            told(row["last_ms"]),
            f"{told(row['issue_p99_ms'])} ({row['quiet_p99_ms']:.0f})", f"{1024 * (row['rss_mb'] - row['idle_mb']) / row['streams']:.1f}",
        ]
        for row in rows
    ]  # fmt: skip
    return table(head, cells)


def growth_rows(rows: list[dict[str, Any]]) -> str:
    head = ["tickets of history", "issue/s · p99 ms", "call/s · p99 ms", "board/s · p99 ms"]
    cells = [
        [f"{row['tickets']:,}", *(f"{row[name]['per_s']:,.0f} · {row[name]['p99_ms']:.1f}" for name in ("issue", "call", "board"))]
        for row in rows
    ]
    return table(head, cells)


LIMITS = Path(__file__).with_name("limits.md")


def write(path: Path, found: dict[str, Any], *, quick: bool, sections: tuple[str, ...] = ()) -> None:
    """The whole page. `sections`: those that other modules measured and put into words."""
    bare, full = found["bare"], found["sqlite"][-1]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    parts = [
        INTRO.format(machine=machine),
        "\n*This is a quick run, a tenth of the requests: it shows that the benchmark works and nothing else.*\n" if quick else "",
        "\n## Aims\n\n" + aims(found),
        "\n\n## SQLite, one process\n\n" + rate_rows(found["sqlite"]),
        f"\n\nThe very statements of an issue without a server: {bare['each']:,.0f}/s with a commit each,"
        f" {bare['group']:,.0f}/s with 32 to a commit; the server reaches\n{full['issue']['per_s'] / bare['group']:.2f} of the latter.",
        f" Resident memory {found['rss']['before_mb']:.0f} MB at the start, {found['rss']['after_mb']:.0f} MB after 10,000 tickets.",
        "\n\n## SQLite with 5 ms added to every fsync\n\n" + rate_rows(found["slow"]),
        "\n\n## PostgreSQL, one process, one site\n\n" + rate_rows(found["postgresql"]),
        "\n\n## PostgreSQL, one site or 32, one process or two, 32 clients\n\n" + site_rows(found),
        "\n\n## Streams, while 40 tickets a second are issued\n\n" + stream_rows(found["streams"]),
        "\n\n## Growth, 8 clients\n\n" + growth_rows(found["growth"]),
        *(f"\n\n{section}" for section in sections),
        "\n\n" + LIMITS.read_text(encoding="utf-8"),
    ]
    path.write_text("".join(parts), encoding="utf-8")
