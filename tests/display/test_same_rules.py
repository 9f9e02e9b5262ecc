"""The page's rules (board.js, in Chromium) and the display's (board.py, spotlight.py) are one set of rules."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from display import wire
from display.board import ASK_AGAIN, EFFECTS, Board, Call, Settings, Step, link_state, on_row, on_snapshot, place
from display.spotlight import Spotlight, push, recent, tick
from queue_server.contract import times

T0 = 1_764_000_000_000
HISTORIES, STEPS = 20, 50
ORIGIN = "http://board.test"

PLAY = """async ([histories, limits, places]) => {
  const rules = await import("/static/board.js");
  const plain = c => [c.label, c.counter, c.name, c.calledAt, c.lastAt, c.recalls, c.state];
  const play = messages => { let board = rules.EMPTY, spot = rules.DARK; return messages.map(([kind, message, now]) => {
    const step = kind === "snapshot" ? rules.onSnapshot(board, message, now) : rules.onRow(board, message);
    board = step.board;
    const moved = rules.tick(rules.push(spot, step.rings), board.calls, now);
    spot = moved.spot;
    return [board.position, board.waiting, board.zone, board.calls.map(plain), step.rings.map(plain), step.askAgain,
      Object.entries(board.heard).sort(), spot.shown && plain(spot.shown), spot.queue.map(plain),
      moved.started && plain(moved.started), rules.recent(spot, board.calls).map(plain)];
  }); };
  return [histories.map(play), limits.map(s => rules.linkState(s * 1000, rules.SETTINGS)), places.map(p => rules.place(p[0], p[1]))];
}"""


def plain(call: Call | None) -> list[Any] | None:
    if call is None:
        return None
    return [call.label, call.counter, call.counter_name, call.called_at_ms, call.last_called_at_ms, call.recalls, call.state]


def play(messages: list[Any]) -> list[Any]:
    board, spot, told = Board(), Spotlight(), []
    for kind, message, now_ms in messages:
        step: Step = (
            on_snapshot(board, wire.read_snapshot(message)[0], now_ms) if kind == "snapshot" else on_row(board, wire.read_row(message))
        )
        board = step.board
        spot, started = tick(push(spot, step.rings), board.calls, now_ms / 1000)
        heard = sorted([label, at] for label, at in board.heard.items())
        rings, calls = [plain(c) for c in step.rings], [plain(c) for c in board.calls]
        queue, short = [plain(c) for c in spot.queue], [plain(c) for c in recent(spot, board.calls)]
        told.append(
            [
                list(board.position),
                board.waiting,
                board.zone,
                calls,
                rings,
                step.ask_again,
                heard,
                plain(spot.shown),
                queue,
                plain(started),
                short,
            ]
        )
    return told


def history(seed: int) -> list[Any]:
    """Messages in no sensible order: the rules must agree on nonsense too."""
    dice = random.Random(seed)
    now_ms, seq, zone, messages = T0, 5, dice.choice(["", "", "T1"]), []
    kinds = [*EFFECTS, *EFFECTS, *EFFECTS, *sorted(ASK_AGAIN), "day.opened", "counter.opened", "constructor"]

    def call() -> dict[str, Any]:
        at = now_ms - dice.choice([500, 30_000, 59_999, 60_000, 90_000]) - dice.randrange(999)
        told = {
            "label": f"A00{dice.randrange(9)}",
            "counter": str(dice.randrange(1, 5)),
            "called_at": times.encode(at - dice.randrange(5000)),
        }
        more = {"last_called_at": times.encode(at), "recalls": dice.randrange(3), "state": dice.choice(["called", "called", "serving"])}
        return {**told, **more, "counter_name": dice.choice(["", "Quầy 3", "Tư pháp"]), "zone": zone}

    for n in range(STEPS):
        now_ms += dice.choice([100, 900, 4000, 9000])
        if n == 1 or dice.random() < 0.12:
            calls = {c["label"]: c for c in (call() for _ in range(dice.randrange(7)))}
            position = f"{dice.choice([1, 1, 1, 2])}-{max(0, seq + dice.choice([-3, 0, 2, 4]))}"
            messages.append(
                ("snapshot", {"zone": zone, "position": position, "waiting": dice.randrange(9), "calls": list(calls.values())}, now_ms)
            )
        else:
            seq += dice.choice([0, 1, 1, 1, 2])
            row = {"type": dice.choice(kinds), "epoch": dice.choice([1, 1, 1, 2]), "seq": seq, "at": times.encode(now_ms)}
            who = {
                "label": f"A00{dice.randrange(9)}",
                "counter": dice.choice(["1", "2", "3", "4", ""]),
                "zone": dice.choice(["", zone, "T2"]),
            }
            messages.append(("log", {**row, **who}, now_ms))
    return messages


@pytest.fixture
def anywhere(browser: Browser, serve_files: Callable[[Page, str], None]) -> Any:
    page = browser.new_page()
    serve_files(page, ORIGIN)
    page.goto(f"{ORIGIN}/static/board.js")
    yield page
    page.close()


@pytest.mark.browser
def test_both_sets_of_rules_agree_on_every_message(anywhere: Page) -> None:
    limits = [0, 19.9, 20, 20.1, 90, 90.1, 1e6]
    places = [
        ["3", ""],
        ["Q03", "Quầy 3"],
        ["07", "Quầy số 7"],
        ["C-12", "Tư pháp"],
        ["MOT-CUA", "Một cửa"],
        ["T1.4", " quầy 4A "],
        ["ABC3", ""],
    ]
    rung = asked = 0
    histories = [history(seed) for seed in range(HISTORIES)]
    all_theirs, links, shown = anywhere.evaluate(PLAY, [histories, limits, places])
    assert links == [link_state(s, Settings()) for s in limits]
    assert shown == [place(*p) for p in places]
    for seed, (messages, theirs) in enumerate(zip(histories, all_theirs, strict=True)):
        ours = play(messages)
        for n, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            assert other == mine, f"history {seed}, message {n}: {messages[n]}"
        rung += sum(bool(told[9]) for told in ours)
        asked += sum(told[5] for told in ours)
    assert rung > HISTORIES, "these histories ring too little to judge anything"
    assert asked > HISTORIES


def test_the_python_values_have_no_field_that_was_not_compared() -> None:
    assert {f.name for f in dataclasses.fields(Spotlight)} == {"shown", "since_s", "queue"}
