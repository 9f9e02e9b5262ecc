"""Many records through a partner that drops, delays, repeats, refuses and is killed, with the feed killed too: each once, in order."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Until = Callable[..., Any]
REFUSED_EVERY = 97


QUICK = ("drop", "status", "expire")
ALL = (*QUICK, "slow", "down", "kill partner", "kill feed")


def troubles(dice: random.Random, kinds: tuple[str, ...]) -> Iterator[str]:
    """Every kind again and again, in another order each time."""
    while True:
        yield from dice.sample(kinds, len(kinds))


def strike(kind: str, mock: Any, runner: Any, calm: dict[str, Any], dice: random.Random) -> None:
    if kind == "kill feed":
        runner.stop(signal.SIGKILL)
        runner.start()
    elif kind == "kill partner":
        mock.stop(signal.SIGKILL)
        mock.start()
        mock.faults(**calm)
    else:
        faults: dict[str, dict[str, Any]] = {
            "drop": {"drop_answers": 2},
            "slow": {"slow_ms": dice.randrange(50, 400)},
            "status": {"status": dice.choice([408, 429, 500, 503])},
            "expire": {"expire_tokens": 1},
            "down": {"down": True},
        }
        mock.faults(**(calm | faults[kind]))


def told(server: Any) -> tuple[str, dict[str, int], str | None]:
    """Its place, its lag and its trouble, as the last heartbeat has them."""
    beat = server.beats[-1]
    return beat["feed"]["position"], beat["spool"], beat["feed"].get("trouble")


@pytest.mark.parametrize(
    ("visits", "every", "kinds"),
    [
        pytest.param(36, 12, QUICK, marks=pytest.mark.slow("three troubles, each waited out by the feed's own pauses")),
        pytest.param(
            10_000,
            500,
            ALL,
            marks=[pytest.mark.full, pytest.mark.slow("twenty troubles over ten thousand visits"), pytest.mark.timeout(1500)],
        ),
    ],
)
def test_each_record_once_and_in_order_and_the_lag_back_to_zero(
    server: Any, mock: Any, runner: Any, until: Until, visits: int, every: int, kinds: tuple[str, ...]
) -> None:
    dice, log = random.Random(20261123), server.log
    calm = {"slow_ms": 0, "status": 0, "drop_answers": 0, "expire_tokens": 0, "down": False, "refuse_procedures": ["9.999999"]}
    mock.faults(**calm)
    next_kind = troubles(dice, kinds)
    runner.start()
    for n in range(visits):
        log.visit(f"v{n}")
        if n % REFUSED_EVERY == 5:
            log.add(f"v{n}", "annotated", {"procedures": [{"code": "9.999999"}]})
        if n % every == every - 1:
            strike(next(next_kind), mock, runner, calm, dice)
            if n % (2 * every) == every - 1:  # the trouble is over before the next, or stays until then
                until(lambda: "waiting" in runner.stderr.read_text() or mock.tally()["accepted"] > 0, 120)
                mock.faults(**calm)
    mock.faults(**calm)
    until(lambda: runner.position() == f"1-{log.seq}", within_s=900)
    first = [key for row in mock.accepted() if (key := f"{row['MaBanGhi']}:{row['PhienBan']}").endswith(":1")]
    assert first == [f"{log.site}:v{n}:1:1" for n in range(visits)]
    aside = [json.loads(line)["key"] for line in (runner.state / "refused.jsonl").read_text("utf-8").splitlines()]
    assert aside == [f"{log.site}:v{n}:1:2" for n in range(visits) if n % REFUSED_EVERY == 5]
    until(lambda: told(server) == (f"1-{log.seq}", {"waiting": 0, "lag_s": 0}, None), within_s=120)
    # Mended there, and sent again by a button: those too, once.
    mock.faults(refuse_procedures=[])
    server.orders.append({"id": "all", "kind": "resend", "args": {}})
    until(lambda: [done["ok"] for done in server.done] == [True], within_s=300)
    keys = [f"{row['MaBanGhi']}:{row['PhienBan']}" for row in mock.accepted()]
    assert len(keys) == len(set(keys)) == visits + len(aside)
    assert (runner.state / "refused.jsonl").read_text() == ""
