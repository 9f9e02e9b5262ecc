"""What people do with a number of their own: let others pass, rate; and what keeps one card from holding many numbers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from queue_server.domain.errors import Refusal
from queue_server.domain.principal import SCOPES, Principal
from queue_server.services import command, configuring, issuing, letting_pass, queries, rating
from tests.hall import SITE, Hall


def order(hall: Hall) -> list[str]:
    return [each["label"] for each in hall.look(queries.queue)["tickets"]]


def let_pass(hall: Hall, ticket: dict[str, Any], count: int) -> dict[str, Any]:
    return hall.do(lambda unit: letting_pass.let_pass(unit, ticket["id"], count=count))


def several(hall: Hall, n: int, apart_s: float = 60) -> list[dict[str, Any]]:
    made = []
    for _ in range(n):
        made.append(hall.issue())
        hall.clock.forward(apart_s)
    return made


@pytest.mark.parametrize(("count", "expected"), [(1, "A002 A001 A003 A004"), (2, "A002 A003 A001 A004"), (5, "A002 A003 A004 A001")])
def test_the_next_few_pass_and_no_more(hall: Hall, count: int, expected: str) -> None:
    first, *_ = several(hall, 4)
    told = let_pass(hall, first, count)
    assert order(hall) == expected.split()
    assert told["available_from"] == first["available_from"]  # the wait is still the one since the arrival
    data = hall.log()[-1].data
    assert (data["count"], data["asked"], data["by"]) == (min(count, 3), count, "key")
    reason = next(each["reason"] for each in hall.look(queries.queue)["tickets"] if each["id"] == first["id"])
    assert reason["let_pass"] == min(count, 3)


def test_of_one_instant_the_count_is_kept_too(hall: Hall) -> None:
    first, *_ = several(hall, 4, apart_s=0)
    let_pass(hall, first, 1)
    assert order(hall)[-1] == "A001"  # A002 to A004 stand at one instant: behind one of them is behind them all
    assert hall.ticket(first)["effective_at"] > first["effective_at"]


def test_only_people_of_the_same_counters_count_as_behind(hall: Hall) -> None:
    hall.configure(counters=[
        {"code": "1", "name": "Quầy 1", "services": ["ho-tich"]}, {"code": "2", "name": "Quầy 2", "services": ["dat-dai"]},
    ])  # fmt: skip
    first = hall.issue()
    hall.clock.forward(5)
    hall.issue("dat-dai")
    with pytest.raises(Refusal) as no:
        let_pass(hall, first, 1)
    assert no.value.code == "nobody_behind"


def test_who_let_others_pass_keeps_that_place_when_a_priority_is_given_or_taken(hall: Hall) -> None:
    first, second, third = several(hall, 3)
    let_pass(hall, first, 2)
    hall.attend(first, "amend", priority_class="merit")
    assert order(hall)[0] == first["label"]
    hall.attend(first, "amend", priority_class="none")
    assert order(hall) == [second["label"], third["label"], first["label"]]


def test_whoever_was_called_cannot_let_others_pass(hall: Hall) -> None:
    first, _ = several(hall, 2)
    hall.open()
    hall.next()
    with pytest.raises(Refusal) as no:
        let_pass(hall, first, 1)
    assert (no.value.code, no.value.detail["state"]) == ("illegal_transition", "called")


# ---------------------------------------------------------------- rating at the counter
def asked(hall: Hall, counter: str = "1") -> dict[str, Any]:
    return hall.look(rating.asked, counter)


def finished(hall: Hall) -> dict[str, Any]:
    ticket = hall.issue()
    hall.next()
    hall.at("1", "serve")
    hall.at("1", "complete")
    return ticket


def test_the_faces_ask_about_the_visit_that_has_just_ended_and_thank(hall: Hall) -> None:
    hall.open()
    assert asked(hall)["state"] == "idle"
    ticket = finished(hall)
    assert {name: asked(hall)[name] for name in ("state", "ticket", "label")} == {
        "state": "asking", "ticket": ticket["id"], "label": ticket["label"],
    }  # fmt: skip
    told = hall.do(lambda unit: rating.rate(unit, "1", stars=4, ticket=ticket["id"]))
    assert told["state"] == asked(hall)["state"] == "thanks"
    assert hall.ticket(ticket)["rating"] == 4
    assert hall.log()[-1].data == {"stars": 4, "by": "tablet"}
    with pytest.raises(Refusal) as no:
        hall.do(lambda unit: rating.rate(unit, "1", stars=1))
    assert no.value.code == "rating_given"


def test_the_faces_go_after_their_time_and_never_rate_another_visit(hall: Hall) -> None:
    hall.open()
    first = finished(hall)
    hall.clock.forward(30)
    second = finished(hall)
    with pytest.raises(Refusal) as no:
        hall.do(lambda unit: rating.rate(unit, "1", stars=1, ticket=first["id"]))
    assert no.value.code == "rating_over"
    assert asked(hall)["ticket"] == second["id"]
    hall.clock.forward(121)
    assert asked(hall)["state"] == "idle"
    with pytest.raises(Refusal) as no:
        hall.do(lambda unit: rating.rate(unit, "1", stars=1))
    assert no.value.code == "rating_over"


def test_a_tablets_address_is_its_counters_own(hall: Hall) -> None:
    with hall.store.read() as reader:
        first, second = rating.addresses(reader, SITE)[:2]
        site, counter, token = first["url"].rsplit("/", 3)[1:]
        assert (site, counter) == (SITE, "1")
        rating.check(reader, SITE, "1", token)
        for wrong in (("1", second["url"].rsplit("/", 1)[1]), ("2", token), ("1", ""), ("99", token), ("1", "é")):
            with pytest.raises(Refusal) as no:
                rating.check(reader, SITE, *wrong)
            assert no.value.code == "not_found"


# ---------------------------------------------------------------- one live number per card
def other_site(hall: Hall, scope: str) -> Any:
    configuring.init_site(hall.store, site="W2", kind="demo")
    document = configuring.current(hall.store, "W2")["document"] | {"policy": {"holder_scope": scope}}
    who = Principal("key", "k", ("W2",), frozenset(SCOPES))

    def run(request_id: str, use_case: Any) -> command.Answer:
        return command.run(hall.store, command.Command(request_id, "W2", who, "test", request_id), use_case)

    run("apply", lambda unit: configuring.apply(unit, document=document))
    return lambda request_id, **fields: run(request_id, lambda unit: issuing.issue(unit, service="dat-dai", **fields)).body


@pytest.mark.parametrize(("scope", "code"), [("centre", "holder_limit"), ("site", None)])
def test_a_card_holds_one_number_over_the_sites_of_the_centre_where_that_is_set(hall: Hall, scope: str, code: str | None) -> None:
    mine = hall.issue(holder_key="h1")
    there = other_site(hall, scope)
    if code is None:
        assert there("one", holder_key="h1")["label"] == "H001"
        return
    with pytest.raises(Refusal) as no:
        there("one", holder_key="h1")
    assert (no.value.code, no.value.detail["ticket"]["label"]) == (code, mine["label"])
    hall.attend(mine, "cancel")
    assert there("two", holder_key="h1")["site"] == "W2"


def test_two_sites_that_issue_to_one_card_at_one_instant_give_one_number(hall: Hall) -> None:
    there = other_site(hall, "centre")
    here: Any = lambda request_id, **fields: hall.do(lambda unit: issuing.issue(unit, service="dat-dai", **fields), request_id)  # noqa: E731
    hall.configure(policy={"holder_scope": "centre"})
    for n in range(12):
        together, given = threading.Barrier(2), []

        def take(issue: Any, request_id: str, card: str, together: Any = together, given: list[str] = given) -> None:
            together.wait(30)
            try:
                given.append(issue(request_id, holder_key=card)["label"])
            except Refusal as no:
                given.append(no.code)

        takers = [threading.Thread(target=take, args=(issue, f"{name}{n}", f"card-{n}")) for name, issue in (("h", here), ("t", there))]
        for taker in takers:
            taker.start()
        for taker in takers:
            taker.join(60)
        assert sorted(given)[1:] == ["holder_limit"], (n, given)
