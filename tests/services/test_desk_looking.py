"""What a desk shows and looks up: time told apart, who is due, who did not come, finding, a slip under the scanner, the rules."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.domain.errors import Refusal
from queue_server.services import desk, queries
from queue_server.services.ids import ticket_token
from tests.hall import SITE, Hall
from tests.services.test_desk import DOSSIERS, audit, both, state

__all__ = ["both"]  # a fixture of the room


@pytest.fixture
def hall(file_hall: Hall) -> Hall:
    """On a file: what a database might do its own way is asked of `both`."""
    return file_hall


# ---------------------------------------------------------------- time told apart
def test_paperwork_and_pauses_are_figures_of_their_own(both: Hall) -> None:
    hall = both
    hall.issue()
    hall.open("1")
    hall.next("1")
    hall.at("1", "serve")
    hall.clock.forward(100)
    hall.at("1", "complete")
    hall.counter("1", "wrap-up")
    hall.clock.forward(90)
    hall.issue()
    assert hall.next("1") is not None  # ends the paperwork
    hall.counter("1", "pause")
    hall.clock.forward(60)
    hall.counter("1", "pause", reason="họp")  # the reason, told later: the same pause
    hall.clock.forward(240)
    hall.counter("1", "resume")
    hall.open("2")
    hall.counter("2", "wrap-up")
    hall.clock.forward(30)
    hall.counter("2", "pause")
    hall.clock.forward(10)
    hall.counter("2", "close")
    hall.open("3")
    hall.counter("3", "wrap-up")  # and is never ended by anybody but the day's close
    told = hall.look(queries.day_figures, "2026-11-23")
    assert (told["wrap_up"]["n"], told["wrap_up"]["sum_ms"]) == (2, 120_000)
    assert (told["paused"]["n"], told["paused"]["sum_ms"]) == (2, 310_000)
    spent = {name: told["by_counter"]["1"][name] for name in ("wrap_up_n", "wrap_up_ms", "paused_n", "paused_ms")}
    assert spent == {"wrap_up_n": 1, "wrap_up_ms": 90_000, "paused_n": 1, "paused_ms": 300_000}
    assert (told["service_time"]["n"], told["service_time"]["sum_ms"]) == (1, 100_000)
    assert {"wrap_up_s", "paused_s"} <= set(told["definitions"])
    hall.clock.forward(20 * 3600)
    hall.issue()
    assert hall.look(queries.day_figures, "2026-11-23")["wrap_up"]["n"] == 2
    assert hall.look(queries.day_figures, "2026-11-24")["wrap_up"]["n"] == 0
    assert audit(hall) == []


def test_a_counter_says_since_when_it_is_idle(hall: Hall) -> None:
    assert state(hall, "1")["idle_since"] is None
    hall.open("1")
    opened = state(hall, "1")["idle_since"]
    hall.clock.forward(60)
    hall.issue()
    hall.next("1")
    assert state(hall, "1")["idle_since"] is None
    hall.clock.forward(60)
    hall.at("1", "complete")
    done = state(hall, "1")["idle_since"]
    assert done > opened
    hall.clock.forward(60)
    assert hall.next("1") is None
    assert state(hall, "1")["idle_since"] == done  # asking in vain is not work
    hall.issue()
    hall.next("1")
    hall.clock.forward(5)
    hall.next("1")
    assert state(hall, "1")["idle_since"] > done
    hall.counter("1", "pause")
    assert state(hall, "1")["idle_since"] is None


def test_a_counter_reminds_of_who_is_due_and_lists_who_did_not_come(both: Hall) -> None:
    hall = both
    away, absent = hall.issue(), hall.issue()
    hall.open("1")
    hall.next("1")
    hall.at("1", "serve")
    due_at = hall.clock.at_ms + 600_000
    hall.on(away, "hold", until=due_at, reason="bổ sung giấy tờ")
    hall.next("1")
    hall.at("1", "no-show", request_id="absent-1")
    told = state(hall, "1")
    assert [(each["label"], each["due"]) for each in told["reminders"]] == [(away["label"], False)]
    assert [(each["label"], each["cmd"]) for each in told["absent"]] == [(absent["label"], "absent-1")]
    assert told["absent"][0]["readmit_until"] == hall.ticket(absent)["readmit_until"]
    assert told["settings"]["guard_s"] == 5
    hall.clock.forward(600)
    assert [each["due"] for each in state(hall, "1")["reminders"]] == [True]
    hall.undo("1", cmd=told["absent"][0]["cmd"], reason="vừa quay lại")
    assert state(hall, "1")["absent"] == []
    hall.at("1", "no-show")
    hall.clock.forward(1801)
    assert state(hall, "1")["absent"] == []
    assert hall.ticket(away)["held_until"] is not None


# ---------------------------------------------------------------- finding
def test_found_by_whatever_somebody_can_tell(both: Hall) -> None:
    hall = both
    ticket = hall.issue(dossier_code=DOSSIERS[0])
    other = hall.issue()
    hall.open()
    hall.next()
    hall.on(ticket, "procedures", procedures=[{"code": "1", "dossier_code": DOSSIERS[1]}])

    def found(q: str) -> list[tuple[str, str]]:
        return [(each["id"], each["match"]) for each in hall.look(desk.find, q)["tickets"]]

    series = ticket["series"]
    for q in (ticket["label"], ticket["label"].lower(), f"{series} 1", f"{series.lower()}-1", "1", " 001 "):
        assert found(q) == [(ticket["id"], "label")], q
    assert found(other["label"]) == [(other["id"], "label")]
    assert found(DOSSIERS[0].lower()) == found(DOSSIERS[1]) == [(ticket["id"], "dossier")]
    token = slip(hall, ticket)
    for scanned in (token, f"https://hcc.example.vn/t/{token}", f"/t/{token}"):
        assert found(scanned) == [(ticket["id"], "slip")]
    for nothing in ("H999", "999", "000.00.53.H48-261123-9999", "%", "0!%", "_" * 25, "x" * 22, ""):
        assert found(nothing) == []
    told = hall.look(desk.find, ticket["label"])["tickets"][0]
    assert (told["service_name"], told["dossier_code"], told["counter"], told["state"]) == ("Hộ tịch – Cư trú", DOSSIERS[0], "1", "called")
    hall.clock.forward(24 * 3600)
    assert found(ticket["label"]) == []


def slip(hall: Hall, ticket: dict[str, Any]) -> str:
    with hall.store.read() as reader:
        row = reader.site(SITE)
    assert row is not None
    return ticket_token(row["token_key"], ticket["id"])


# ---------------------------------------------------------------- a slip under the scanner
def test_a_slip_under_the_scanner(hall: Hall) -> None:
    mine, waits, done = hall.issue(), hall.issue(), hall.issue()
    other = hall.issue("dat-dai")
    hall.open("1", services=["ho-tich"])
    hall.open("2")
    hall.attend(done, "cancel")
    hall.next("1")

    def verdict(counter: str, ticket: dict[str, Any]) -> str:
        by_slip = hall.look(desk.check, counter, f"http://h/t/{slip(hall, ticket)}")
        by_label = hall.look(desk.check, counter, ticket["label"])
        assert by_slip["verdict"] == by_label["verdict"]
        assert set(by_slip["say"]) == {"vi", "en"}
        return str(by_slip["verdict"])

    assert verdict("1", mine) == "right"
    assert verdict("2", mine) == "other_counter"
    assert "1" in hall.look(desk.check, "2", mine["label"])["say"]["vi"]
    assert verdict("1", waits) == "not_yet_called"
    assert verdict("1", other) == "other_service"
    assert verdict("2", other) == "not_yet_called"
    assert verdict("1", done) == "ended"
    hall.on(mine, "hold")
    assert verdict("1", mine) == "right"
    hall.on(mine, "transfer", to={"counter": "2"})
    assert (verdict("1", mine), verdict("2", mine)) == ("other_counter", "not_yet_called")
    for nothing in ("H999", "x" * 22, "gì đó"):
        assert hall.look(desk.check, "1", nothing)["verdict"] == "unknown"
    before = len(hall.log())
    hall.clock.forward(24 * 3600)
    assert hall.look(desk.check, "1", slip(hall, done))["verdict"] == "other_day"
    assert len(hall.log()) == before
    with pytest.raises(Refusal):
        hall.look(desk.check, "99", "A001")


def test_the_stated_rules_say_the_sites_own_numbers(hall: Hall) -> None:
    hall.configure(policy={"readmit_s": 1200})
    told = {rule["code"]: rule for rule in hall.look(desk.rules)["rules"]}
    assert set(told) == {"readmit", "transfer", "undo", "undo_no_show", "dossier_limit"}
    assert "20 phút" in told["readmit"]["text"]["vi"]
    assert all("{" not in text for rule in told.values() for text in rule["text"].values())
