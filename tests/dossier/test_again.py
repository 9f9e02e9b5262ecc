"""Refused records sent again on order, and the feed led back to an earlier place: nothing is taken twice, nothing left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from queue_server.dossier.adapters import Wait
from queue_server.dossier.beating import Beating
from queue_server.dossier.cli import dossier
from toiluot_edge import SystemClock

TODAY = "2026-11-23"


def refused(feed: Any) -> list[str]:
    return [row["key"] for row in feed.state.refused()]


def beating(feed: Any) -> Beating:
    """One per worker, as in the program."""
    if getattr(feed, "beats", None) is None or feed.beats._worker is not feed.worker:
        feed.beats = Beating(feed.client, feed.worker, SystemClock(), "dossier-01", "mock", None)
    return feed.beats  # type: ignore[no-any-return]


def order(feed: Any, **args: str) -> None:
    """One heartbeat brings the order, the worker carries it out, the next beat says so."""
    beats = beating(feed)
    feed.server.orders.append({"id": f"o{len(feed.server.done)}", "kind": "resend", "args": args})
    for _ in range(2):  # a beat that is answered with the same order again asks for nothing more
        beats._take(feed.client.heartbeat(beats.report())["orders"])
    feed.settle()
    beats._answer()
    beats._answer()


@pytest.fixture
def three(feed: Any) -> Any:
    """Three visits, all refused because nobody there knows their field."""
    feed.partner.faults.refuse_fields = ["chung-thuc"]
    for n in range(3):
        feed.server.log.visit(f"v{n}")
    feed.settle()
    assert len(refused(feed)) == 3
    return feed


def test_one_record_or_all_are_sent_again_and_whatever_is_still_refused_stays(three: Any) -> None:
    site = three.server.log.site
    order(three, record=f"{site}:v1:1:1")
    assert len(refused(three)) == 3
    assert three.server.done[-1]["ok"] is False
    three.partner.faults.refuse_fields = []
    order(three, record=f"{site}:v1:1:1")
    assert (three.accepted(), len(refused(three))) == ([f"{site}:v1:1:1"], 2)
    order(three)
    order(three)
    assert sorted(three.accepted()) == [f"{site}:v{n}:1:1" for n in range(3)]
    assert refused(three) == []
    assert [done["ok"] for done in three.server.done] == [False, True, True, True]
    assert three.worker.health.refused == 0


def test_a_name_put_right_goes_out_under_a_new_version_that_no_later_one_falls_below(three: Any) -> None:
    site = three.server.log.site
    three.names.fields["chung-thuc"] = "G15-TP01"
    order(three)
    assert sorted(three.accepted()) == [f"{site}:v{n}:1:2" for n in range(3)]
    three.restart()  # what was said in no event's name is remembered all the same
    three.server.log.add("v0", "rated", {"stars": 5})
    three.settle()
    assert three.accepted()[-1] == f"{site}:v0:1:3"
    assert refused(three) == []


def test_an_order_waits_while_nobody_answers(three: Any) -> None:
    three.partner.faults.status = 503
    three.worker.order("o1", None)
    with pytest.raises(Wait):
        three.worker._carry_out()
    assert (len(refused(three)), three.worker.ordered()) == (3, True)
    three.partner.faults.status, three.partner.faults.refuse_fields = 0, []
    three.settle()
    assert (refused(three), three.worker.ordered()) == ([], False)


def test_a_refused_day_is_set_aside_and_sent_again(feed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    feed.server.log.visit("v0")
    feed.server.log.close_day()
    feed.server.figures[TODAY] = {"digest": "x" * 65}  # longer than the schema lets it be
    feed.settle()
    assert refused(feed) == [f"{feed.server.log.site}:{TODAY}:1"]
    order(feed)
    assert len(refused(feed)) == 1
    monkeypatch.setattr(feed.partner.store, "put_day", lambda site, day, body: {"status": "accepted"})
    order(feed)
    assert refused(feed) == []


def test_what_the_manager_is_told_is_a_key_and_the_partners_words(three: Any) -> None:
    told = beating(three).report()["feed"]
    assert told["refused"] == 3
    assert {row["detail"] for row in told["newest_refused"]} == {"không có lĩnh vực chung-thuc"}
    assert all(row.keys() == {"key", "at", "status", "code", "detail"} for row in told["newest_refused"])


def test_an_order_that_is_not_for_a_feed_is_answered_so(feed: Any) -> None:
    feed.server.orders.append({"id": "x1", "kind": "reboot", "args": {}})
    beats = beating(feed)
    beats._take(feed.server.orders)
    assert [(done["order"], done["code"]) for done in feed.server.done] == [("x1", "unknown_order")]


# ---------------------------------------------------------------- replay
def replay(feed: Any, *words: str) -> Any:
    return CliRunner().invoke(dossier, ["replay", "--state", str(feed.folder), *words])


@pytest.fixture
def told(feed: Any) -> Any:
    for n in range(3):
        feed.server.log.visit(f"v{n}")
    feed.server.log.add("v0", "rated", {"stars": 3})
    feed.server.log.close_day()
    feed.settle()
    assert len(feed.accepted()) == 4
    return feed


def test_led_back_it_says_the_same_again_and_the_partner_calls_it_stale(told: Any) -> None:
    before = told.accepted()
    assert replay(told, "--after", "0").exit_code == 0
    told.settle()
    assert told.accepted() == before
    assert told.partner.store.tally()["stale"] == 4
    assert told.worker.health.position == f"1-{told.server.log.seq}"
    told.server.log.add("v1", "rated", {"stars": 1})
    told.settle()
    assert told.accepted()[-1] == f"{told.server.log.site}:v1:1:2"


def test_a_partner_that_lost_everything_has_it_all_again_from_there(told: Any, played: Any) -> None:
    before = told.accepted()
    other = played()
    told.adapter = other.adapter()
    assert replay(told, "--after", "1-0").exit_code == 0
    told.partner = other
    told.restart()
    told.settle()
    assert told.accepted() == before
    assert len(other.store.days()) == 1


def test_anew_everything_goes_out_above_what_was_said(told: Any) -> None:
    site = told.server.log.site
    assert replay(told, "--after", "0", "--anew").exit_code == 0
    told.settle()
    assert [key.rpartition(":")[2] for key in told.accepted()[4:]] == ["3", "2", "2", "4"]
    told.server.log.add("v2", "rated", {"stars": 2})
    told.settle()
    assert told.accepted()[-1] == f"{site}:v2:1:3"


def test_only_back_never_ahead(told: Any, tmp_path: Path) -> None:
    assert replay(told, "--after", "1-9999").exit_code == 2
    assert replay(told, "--after", "x").exit_code == 2
    told.state.ask_back("1-9999", False)  # whoever wrote it: records would be left out
    told.settle()
    assert told.worker.health.position == f"1-{told.server.log.seq}"
    assert told.state.asked_back() == {}


def test_a_hole_in_the_log_is_waited_at_and_never_stepped_over(told: Any) -> None:
    log = told.server.log
    log.visit("v9")
    missing = log.events.pop(-2)
    with pytest.raises(Wait, match="hole"):
        told.settle()
    log.events.insert(-1, missing)
    told.settle()
    assert told.accepted()[-1] == f"{log.site}:v9:1:1"
