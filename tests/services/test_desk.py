"""The clerk's desk: two counters, a colleague, several dossiers, a slip under the scanner, finding, and time told apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from queue_server.audit import compare
from queue_server.domain.errors import Refusal
from queue_server.domain.principal import ROLES, Principal
from queue_server.services import access, calling, counters, desk, queries, undoing
from queue_server.services.ids import ticket_token
from tests.hall import SITE, Hall, make_hall

DOSSIERS = ("000.00.53.H48-261123-0001", "G09.20-20261123-0000002", "000.00.53.H48-261123-0003", "000.00.53.H48-261123-0004")
MINUTE = 60


@pytest.fixture
def hall(file_hall: Hall) -> Hall:
    """On a file: what a database might do its own way is asked of `both`."""
    return file_hall


@pytest.fixture
def both(database_url: str) -> Iterator[Hall]:
    """The centre on either database."""
    made = make_hall(database_url)
    yield made
    made.store.close()


def clerk(name: str) -> Principal:
    return Principal("person", name, (SITE,), ROLES["clerk"], "clerk", name)


LAN, MAI = clerk("lan"), clerk("mai")


def at_counter(hall: Hall, who: Principal, counter: str, name: str, **fields: Any) -> dict[str, Any]:
    return hall.do(lambda unit: counters.command(unit, counter, name, **fields), who=who)


def state(hall: Hall, counter: str) -> dict[str, Any]:
    return hall.look(queries.counter, counter)


def code(no: pytest.ExceptionInfo[Refusal]) -> str:
    return no.value.code


def audit(hall: Hall) -> list[str]:
    with hall.store.read() as reader:
        return compare.findings(reader, SITE)


def colleague(hall: Hall, login: str, role: str = "clerk") -> str:
    def make(rows: Any) -> str:
        return access.create_person(rows, login=login, name="Người Thử", role=role, sites=[SITE], password_hash="x")

    return f"person:{hall.store.write('', make)}"


# ---------------------------------------------------------------- two counters, one clerk
def test_a_second_counter_becomes_the_active_one(hall: Hall) -> None:
    hall.issue()
    hall.issue()
    at_counter(hall, LAN, "1", "open")
    first = hall.next("1")
    at_counter(hall, LAN, "2", "open")
    left, now = state(hall, "1"), state(hall, "2")
    assert (left["state"], left["reason"], left["active"], left["current"]["id"]) == (
        "paused",
        "other_counter",
        False,
        first and first["id"],
    )
    assert (now["state"], now["active"]) == ("open", True)
    assert "activate" in left["lawful"]
    assert "recall" not in left["lawful"]
    refused = (
        lambda: hall.next("1"),
        lambda: hall.at("1", "recall"),
        lambda: hall.on(first or {}, "complete"),
        lambda: hall.counter("1", "pause", reason="nghỉ"),
        lambda: hall.do(lambda unit: undoing.undo(unit, "1")),
        lambda: hall.do(lambda unit: calling.call_chosen(unit, "1", ticket="x", reason="vội")),
    )
    for act in refused:
        with pytest.raises(Refusal) as no:
            act()
        assert (code(no), no.value.detail["active"]) == ("counter_inactive", "2")
    at_counter(hall, LAN, "1", "activate")
    assert (state(hall, "1")["state"], state(hall, "2")["reason"]) == ("open", "other_counter")
    assert hall.at("1", "complete")["state"] == "completed"
    at_counter(hall, LAN, "2", "resume")  # says the same as activate
    assert (state(hall, "1")["active"], state(hall, "2")["active"]) == (False, True)
    assert at_counter(hall, LAN, "1", "close")["state"] == "closed"


def test_programs_and_other_clerks_keep_their_counters(hall: Hall) -> None:
    hall.open("1")
    hall.open("2")
    at_counter(hall, MAI, "3", "open")
    at_counter(hall, LAN, "4", "open")
    assert [state(hall, each)["state"] for each in "1234"] == ["open"] * 4
    with pytest.raises(Refusal) as no:
        at_counter(hall, MAI, "4", "activate")
    assert (code(no), no.value.detail["yours"]) == ("counter_taken", False)
    with pytest.raises(Refusal) as no:
        at_counter(hall, MAI, "5", "activate")
    assert code(no) == "illegal_transition"
    before = len(hall.log())
    at_counter(hall, LAN, "4", "activate")  # it is already
    assert len(hall.log()) == before


def test_whoever_takes_an_inactive_counter_over_works_there(hall: Hall) -> None:
    at_counter(hall, LAN, "1", "open")
    at_counter(hall, LAN, "2", "open")
    at_counter(hall, MAI, "1", "open", take_over=True)
    assert (state(hall, "1")["state"], state(hall, "1")["clerk"], state(hall, "2")["state"]) == ("open", MAI.actor, "open")


# ---------------------------------------------------------------- a colleague goes on
def test_handed_over_with_the_person_at_the_desk(hall: Hall) -> None:
    mai = colleague(hall, "mai")
    ticket = hall.issue()
    at_counter(hall, LAN, "1", "open")
    hall.next("1")
    hall.at("1", "serve")
    told = at_counter(hall, LAN, "1", "hand-over", to="Mai")
    assert (told["clerk"], told["state"], told["current"]["id"]) == (mai, "open", ticket["id"])
    event = hall.log()[-1]
    assert (event.type, event.data["from"], event.data["by"]) == ("counter.taken_over", LAN.actor, "hand_over")
    assert hall.at("1", "complete")["state"] == "completed"
    with pytest.raises(Refusal) as no:
        at_counter(hall, LAN, "1", "hand-over", to="mai")
    assert code(no) == "counter_taken"  # it is not hers to give any more


def test_a_colleague_who_works_elsewhere_finds_the_counter_waiting(hall: Hall) -> None:
    mai = colleague(hall, "mai")
    at_counter(hall, Principal("person", mai.partition(":")[2], (SITE,), ROLES["clerk"]), "2", "open")
    at_counter(hall, LAN, "1", "open")
    told = at_counter(hall, LAN, "1", "hand-over", to="mai")
    assert (told["clerk"], told["active"], state(hall, "2")["state"]) == (mai, False, "open")


def test_nobody_is_handed_a_counter_who_may_not_work_there(hall: Hall) -> None:
    colleague(hall, "kim", role="attendant")
    at_counter(hall, LAN, "1", "open")
    for to, fault in (("nobody-here", "unknown_person"), ("kim", "may_not_call")):
        with pytest.raises(Refusal) as no:
            at_counter(hall, LAN, "1", "hand-over", to=to)
        assert no.value.detail["errors"][0]["code"] == fault
    with pytest.raises(Refusal) as no:
        at_counter(hall, LAN, "2", "hand-over", to="mai")
    assert code(no) == "illegal_transition"


# ---------------------------------------------------------------- several dossiers
def test_codes_come_in_one_form_however_they_were_typed(hall: Hall) -> None:
    ticket = hall.issue()
    hall.open()
    hall.next()
    hall.at("1", "serve")
    entries = [
        {"code": "1.001193", "dossier_code": " 000.00.53.h48 – 261123 – 0001 ", "quantity": 2},
        {"code": "1.005129", "dossier_code": None},
    ]
    noted = hall.on(ticket, "procedures", procedures=entries)["steps"][0]["procedures"]
    assert noted == [{"code": "1.001193", "dossier_code": DOSSIERS[0], "quantity": 2}, {"code": "1.005129"}]
    assert state(hall, "1")["dossiers"] == 1
    done = hall.on(ticket, "complete", dossier_code="g09.20-20261123-0000002")
    assert done["steps"][0]["procedures"][-1] == {"dossier_code": DOSSIERS[1]}
    assert audit(hall) == []


def test_where_the_policy_says_so_unknown_forms_are_refused(hall: Hall) -> None:
    hall.issue()
    ticket = hall.issue()
    hall.open()
    hall.next()
    assert hall.next() is not None
    assert (
        hall.on(ticket, "procedures", procedures=[{"code": "1", "dossier_code": "hs 12"}])["steps"][0]["procedures"][0]["dossier_code"]
        == "hs 12"
    )
    hall.configure(policy={"dossier_codes": "known"})
    with pytest.raises(Refusal) as no:
        hall.on(ticket, "procedures", procedures=[{"code": "1"}, {"code": "2", "dossier_code": "hs 12"}])
    fault = no.value.detail["errors"][0]
    assert (fault["pointer"], fault["code"]) == ("/procedures/1/dossier_code", "unknown_form")
    with pytest.raises(Refusal):
        hall.on(ticket, "complete", dossier_code="hs 12")


def test_more_than_one_turn_takes_wait_again_with_the_same_slip(hall: Hall) -> None:
    ticket, rival = hall.issue(quantity=5, priority_class="elderly"), hall.issue()
    hall.open()
    hall.clock.forward(40 * MINUTE)
    later = hall.issue()
    hall.next()
    hall.at("1", "serve")
    all_four = [{"code": "1", "dossier_code": each} for each in DOSSIERS]
    with pytest.raises(Refusal) as no:
        hall.on(ticket, "procedures", procedures=all_four)
    assert (code(no), no.value.detail["limit"], no.value.detail["dossiers"]) == ("dossier_limit", 3, 4)
    hall.on(ticket, "procedures", procedures=all_four[:3])
    with pytest.raises(Refusal) as no:
        hall.on(ticket, "complete", dossier_code=DOSSIERS[3])
    assert code(no) == "dossier_limit"
    assert hall.on(ticket, "complete", dossier_code=DOSSIERS[0], more=2)["state"] == "waiting"  # named before: still three
    again = hall.ticket(ticket)
    event = hall.log()[-1]
    assert (event.type, event.data["rule"], event.data["service"], event.data["credits"]) == (
        "transferred", "dossier_limit", ticket["service"], {"priority": 1800},
    )  # fmt: skip
    assert (again["label"], again["quantity"], len(again["steps"])) == (ticket["label"], 2, 2)
    order = [each["id"] for each in hall.look(queries.queue)["tickets"]]
    assert order == [rival["id"], ticket["id"], later["id"]]  # as if they came now, with the credit of the class alone
    assert hall.next("1") is not None
    assert [each["id"] for each in hall.look(queries.queue)["tickets"]] == [ticket["id"], later["id"]]
    assert audit(hall) == []


def test_back_with_the_rest_can_be_taken_back(hall: Hall) -> None:
    ticket = hall.issue(quantity=4)
    hall.open()
    hall.next()
    hall.on(ticket, "complete", more=1)
    hall.undo()
    undone = hall.ticket(ticket)
    assert (undone["state"], undone["quantity"], len(undone["steps"])) == ("called", 4, 1)
    assert audit(hall) == []


def test_without_a_limit_nobody_is_sent_back(hall: Hall) -> None:
    ticket = hall.issue()
    hall.configure(policy={"dossiers_per_turn": 0})
    hall.open()
    hall.next()
    hall.on(ticket, "procedures", procedures=[{"code": "1", "dossier_code": each} for each in DOSSIERS])
    with pytest.raises(Refusal) as no:
        hall.on(ticket, "complete", more=1)
    assert no.value.detail["errors"][0]["code"] == "no_limit"
    assert "dossier_limit" not in {rule["code"] for rule in hall.look(desk.rules)["rules"]}


def test_dossiers_told_after_the_visit_are_not_limited(hall: Hall) -> None:
    ticket = hall.issue()
    hall.open()
    hall.next()
    hall.at("1", "complete")
    told = hall.on(ticket, "procedures", procedures=[{"code": "1", "dossier_code": each} for each in DOSSIERS])
    assert len(told["steps"][0]["procedures"]) == 4


# ---------------------------------------------------------------- back to whoever sent me, and a counter that has closed
def test_sent_away_and_back_to_a_counter_that_has_closed(hall: Hall) -> None:
    ticket = hall.issue()
    hall.open("1")
    hall.open("2")
    hall.next("1")
    hall.on(ticket, "transfer", to={"counter": "2"}, return_to_me=True)
    assert hall.ticket(ticket)["return_to"] == "1"
    hall.next("2")
    hall.counter("1", "close")
    back = hall.at("2", "complete")
    assert (back["state"], back["for_counter"]) == ("waiting", None)
    assert hall.next("2") is not None


def test_who_waits_for_a_counter_that_closes_is_anyones(both: Hall) -> None:
    hall = both
    ticket = hall.issue()
    hall.open("1")
    hall.open("2")
    hall.next("2")
    hall.on(ticket, "transfer", "2", to={"counter": "1"})
    assert hall.next("2") is None
    hall.counter("1", "close", reason="hết ca")
    amended = hall.log()[-1]
    assert (amended.type, amended.data["reason"]) == ("amended", "counter_closed")
    assert hall.next("2") is not None
    assert audit(hall) == []


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
    assert told["by_counter"]["1"] == {"wrap_up_n": 1, "wrap_up_ms": 90_000, "paused_n": 1, "paused_ms": 300_000}
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
