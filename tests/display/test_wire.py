"""Messages in and out: what is not public ends here, and what is not the contract is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display import wire
from display.board import Board, Settings, on_snapshot

CALL = {"label": "A105", "counter": "3", "called_at": "2026-11-23T08:05:00+07:00", "state": "called"}
SNAPSHOT = {"site": "P1", "name": "Phường Một", "zone": None, "position": "2-17", "waiting": 4, "calls": [CALL]}
ROW = {"type": "called", "epoch": 2, "seq": 18, "at": "2026-11-23T08:05:00.250+07:00", "label": "A105", "counter": "3", "zone": None}


def test_a_whole_event_is_cut_to_what_a_hall_may_see() -> None:
    secret = {
        "actor": "person:LAN",
        "data": {"dossier_code": "H00.11"},
        "cmd": "c1",
        "ticket": "T1",
        "subject": "ticket:T1",
        "service": "A",
    }
    out = wire.write_row(wire.read_row({**ROW, **secret}))
    assert out == {**ROW, "zone": ""}
    told = wire.read_snapshot({**SNAPSHOT, "calls": [{**CALL, **secret, "name": "Nguyễn Văn A"}]})[0]
    text = json.dumps(wire.write_snapshot(on_snapshot(Board(), told, 0).board, now_ms=None, silence_s=0, numbers=True), ensure_ascii=False)
    assert not [word for word in ("LAN", "H00.11", "Nguyễn", "T1", "c1") if word in text]


def test_a_snapshot_goes_through_unchanged_and_says_how_old_it_is() -> None:
    told, now_ms = wire.read_snapshot({**SNAPSHOT, "now": "2026-11-23T08:05:01+07:00"})
    board = on_snapshot(Board(), told, now_ms).board
    out = wire.write_snapshot(board, now_ms=now_ms, silence_s=31.5, numbers=True)
    assert (out["position"], out["waiting"], out["silence_s"], out["now"]) == ("2-17", 4, 31.5, "2026-11-23T08:05:01+07:00")
    assert wire.read_snapshot(out)[0].calls == told.calls
    assert wire.write_snapshot(board, now_ms=None, silence_s=99, numbers=False)["calls"] == []


def test_the_wait_goes_through_and_no_old_one_is_shown() -> None:
    clock = {"from_at": "2026-11-23T13:40:00+07:00", "to_at": "2026-11-23T14:10:00+07:00"}
    for wait in (None, {"low_s": 600, "high_s": 1500}, {"low_s": 7200, "high_s": 9000, **clock}):
        board = on_snapshot(Board(), wire.read_snapshot({**SNAPSHOT, "wait": wait})[0], 0).board
        assert wire.write_snapshot(board, now_ms=None, silence_s=0, numbers=True)["wait"] == wait
        assert wire.write_snapshot(board, now_ms=None, silence_s=99, numbers=False)["wait"] is None


def test_the_limits_of_the_link_are_the_servers_or_20_and_90() -> None:
    assert wire.read_snapshot(SNAPSHOT)[0].settings == Settings(20.0, 90.0)
    assert wire.read_snapshot({**SNAPSHOT, "settings": {"stale_after_s": 7}})[0].settings == Settings(7.0, 90.0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"position": "x"}, "position"),
        ({"calls": {}}, "calls"),
        ({"calls": [{**CALL, "called_at": "8 giờ"}]}, "called_at"),
        ({"calls": [{**CALL, "label": ""}]}, "label"),
        ({"waiting": "4"}, "waiting"),
        ({"settings": {"dead_after_s": -1}}, "dead_after_s"),
        ({"wait": 5}, "wait"),
        ({"wait": {"low_s": 5}}, "high_s"),
        ({"name": "x" * 201}, "name"),
    ],
)
def test_a_bad_snapshot_is_refused_by_the_name_of_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(wire.BadMessage, match=f"^{field}"):
        wire.read_snapshot({**SNAPSHOT, **change})


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SNAPSHOT, *CALL, *ROW, "settings", "now"]), inner, max_size=6)
    ),
    max_leaves=12,
)


@given(junk)
def test_no_message_whatever_breaks_the_reader(message: Any) -> None:
    for read in (wire.read_snapshot, wire.read_row, wire.read_beat):
        try:
            read(message)
        except wire.BadMessage:
            continue
