"""The clerk's desk: two counters, a colleague, several dossiers, a slip under the scanner, finding, and time told apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from queue_server.audit import compare
from queue_server.domain.errors import Refusal
from queue_server.domain.principal import ROLES, Principal
from queue_server.services import access, calling, counters, desk, queries, undoing
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
def test_whoever_takes_over_goes_on_with_what_was_served_there(hall: Hall) -> None:
    at_counter(hall, LAN, "1", "open", services=["ho-tich"])
    at_counter(hall, MAI, "1", "open", take_over=True)
    assert state(hall, "1")["services"] == ["ho-tich"]
    at_counter(hall, LAN, "1", "open", take_over=True, services=["dat-dai"])
    assert state(hall, "1")["services"] == ["dat-dai"]


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
