"""From one site of a database to another: one id, one page, the arrival time kept; a death in between loses nobody and doubles nobody."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.audit import compare
from queue_server.domain.errors import Refusal
from queue_server.services import calling, command, configuring, counters, desk, issuing, moving, queries
from queue_server.services.ids import ticket_token
from tests.hall import CLERK, MORNING, SITE, Hall

OTHER = "W2"
TO = {"site": OTHER}


@pytest.fixture
def two(hall: Hall) -> Hall:
    """The centre with a second site in its database."""
    configuring.init_site(hall.store, site=OTHER, kind="demo")
    return hall


def there(hall: Hall, use_case: Any) -> dict[str, Any]:
    hall.n += 1
    return command.run(hall.store, command.Command(f"o{hall.n}", OTHER, CLERK, "test", f"o{hall.n}"), use_case).body


def look_there(hall: Hall, query: Any, *args: Any) -> dict[str, Any]:
    with hall.store.read() as reader:
        found: dict[str, Any] = query(reader, OTHER, *args, now=hall.clock.at_ms)
        return found


def carry(hall: Hall) -> int:
    return sum(moving.deliver(hall.store, moved) for moved in moving.pending(hall.store))


def called(hall: Hall, **fields: Any) -> dict[str, Any]:
    """Somebody at counter 1, ten minutes after they came."""
    ticket = hall.issue(**fields)
    hall.open()
    hall.clock.forward(600)
    hall.next()
    return ticket


def audits(hall: Hall) -> list[str]:
    with hall.store.read() as reader:
        return [found for site in (SITE, OTHER) for found in compare.findings(reader, site)]


def code(no: pytest.ExceptionInfo[Refusal]) -> str:
    return str(no.value.detail["errors"][0]["code"])


def test_the_slip_stays_good_at_the_other_site(two: Hall) -> None:
    hall = two
    ticket = called(hall, priority_class="elderly", needs=["walk"], lang="en", quantity=2, dossier_code="H48-261123-0001")
    with hall.store.read() as reader:
        token = ticket_token((reader.site(SITE) or {})["token_key"], ticket["id"])
    hall.at("1", "serve")
    hall.clock.forward(60)
    told = hall.on(ticket, "transfer", to=TO, reason="con dấu làm ở cơ sở 2")
    assert (told["state"], told["outcome"]) == ("moved", "moved")
    assert hall.look(queries.counter, "1")["undo"] is None
    hall.clock.forward(5)
    assert carry(hall) == 1
    arrived = look_there(hall, queries.ticket, ticket["id"])
    same = ("id", "label", "number", "issued_at", "priority_class", "needs", "lang", "quantity", "service")
    assert {name: arrived[name] for name in same} == {name: ticket[name] for name in same}
    assert (arrived["state"], arrived["moved_from"], arrived["site"], arrived["print"]) == ("waiting", SITE, OTHER, ticket["print"])
    queued = look_there(hall, queries.queue)["tickets"][0]
    assert queued["reason"]["arrived_from"] == ticket["available_from"]
    assert queued["reason"]["credits_s"] == {"priority": 1800, "transfer": 600}
    assert queued["waited_s"] == 5  # at this site, since the move: the first site's wait was the first step's
    with hall.store.read() as reader:
        page = queries.citizen_ticket(reader, token, now=hall.clock.at_ms)
        assert queries.site_of_token(reader, token) == (OTHER, ticket["id"])
        scanned = desk.check(reader, OTHER, "1", token, now=hall.clock.at_ms)
        gone = desk.check(reader, SITE, "1", token, now=hall.clock.at_ms)
    assert (page["label"], page["state"]) == (ticket["label"], "waiting")
    assert (scanned["verdict"], gone["verdict"]) == ("not_yet_called", "superseded")
    here, at_other = hall.look(queries.day_figures, "2026-11-23"), look_there(hall, queries.day_figures, "2026-11-23")
    assert [here["counts"][name] for name in ("issued", "arrived", "moved")] == [1, 0, 1]
    assert [at_other["counts"][name] for name in ("issued", "arrived", "called")] == [0, 1, 0]
    there(hall, lambda unit: counters.command(unit, "3", "open"))
    assert there(hall, lambda unit: calling.next_ticket(unit, "3"))["ticket"]["id"] == ticket["id"]
    assert audits(hall) == []


def test_twice_is_harmless_and_so_is_a_death_in_between(two: Hall) -> None:
    hall = two
    ticket = called(hall)
    hall.on(ticket, "transfer", to=TO)
    # Whoever carried died before the arrival was on disk, began anew, died before it noted so, and began once more.
    moved = moving.pending(hall.store)
    assert [event.data["to"]["site"] for event in moved] == [OTHER]
    assert [moving.deliver(hall.store, event) for event in moved * 3] == [True, False, False]
    assert moving.pending(hall.store, {(SITE, ticket["id"])}) == []
    with hall.store.read() as reader:
        log = [event for event in reader.events_after(OTHER, 0, 100) if event.ticket]
    assert [(event.type, event.cmd) for event in log] == [("arrived", f"move:{ticket['id']}:{moved[0].seq}")]
    # The stored answer may be gone after a month, or the second server may have asked under its own name.
    again = there(hall, lambda unit: moving.arrive(unit, moved[0]))
    assert again == {"result": "already"}
    assert audits(hall) == []


def test_a_move_cannot_be_taken_back_because_the_person_is_elsewhere(two: Hall) -> None:
    ticket = called(two)
    two.on(ticket, "transfer", to=TO)
    with pytest.raises(Refusal) as no:
        two.undo(cmd=two.log()[-1].cmd)
    assert no.value.code == "undo_too_late"


def test_a_number_that_is_somebody_elses_there_becomes_another(two: Hall) -> None:
    hall = two
    theirs = there(hall, lambda unit: issuing.issue(unit, service="ho-tich"))
    ticket = called(hall)
    assert ticket["label"] == theirs["label"]
    hall.on(ticket, "transfer", to=TO)
    carry(hall)
    arrived = look_there(hall, queries.ticket, ticket["id"])
    assert (arrived["number"], arrived["print"]) == (theirs["number"] + 1, "pending")
    with hall.store.read() as reader:
        assert reader.events_after(OTHER, 0, 100)[-1].data["former_label"] == ticket["label"]
    assert there(hall, lambda unit: issuing.issue(unit, service="ho-tich"))["number"] == theirs["number"] + 2
    assert audits(hall) == []


def test_a_number_from_elsewhere_is_not_given_out_again(two: Hall) -> None:
    hall = two
    for _ in range(4):
        hall.issue()
    ticket = hall.issue()
    hall.open()
    hall.do(lambda unit: calling.call_chosen(unit, "1", ticket=ticket["id"], reason="thử"))
    hall.on(ticket, "transfer", to=TO)
    carry(hall)
    assert look_there(hall, queries.ticket, ticket["id"])["number"] == 5
    assert there(hall, lambda unit: issuing.issue(unit, service="ho-tich"))["number"] == 6
    assert audits(hall) == []


def test_to_a_counter_and_another_service(two: Hall) -> None:
    ticket = called(two)
    two.on(ticket, "transfer", to={"site": OTHER, "service": "dat-dai", "counter": "2"})
    carry(two)
    arrived = look_there(two, queries.ticket, ticket["id"])
    assert (arrived["service"], arrived["for_counter"]) == ("dat-dai", "2")
    assert audits(two) == []


def test_who_is_on_the_way_at_midnight_does_not_wait_the_next_day(two: Hall) -> None:
    ticket = called(two)
    two.on(ticket, "transfer", to=TO)
    two.clock.at_ms = MORNING + 20 * 3_600_000  # the next day, by the hall's own time
    assert carry(two) == 1
    assert look_there(two, queries.ticket, ticket["id"])["state"] == "expired"
    two.clock.forward(3 * 86_400)
    assert moving.pending(two.store) == []
    assert audits(two) == []


@pytest.mark.parametrize(
    ("to", "fault"),
    [
        ({"site": "W9"}, "unknown_site"),
        ({"site": "LIVE"}, "unknown_site"),
        ({"site": OTHER, "service": "không-có"}, "unknown_service"),
        ({"site": OTHER, "counter": "99"}, "unknown_counter"),
    ],
)
def test_nobody_is_sent_where_nobody_waits(two: Hall, to: dict[str, str], fault: str) -> None:
    configuring.init_site(two.store, site="LIVE", kind="live")  # a rehearsal's people never come into a live log
    ticket = called(two)
    with pytest.raises(Refusal) as no:
        two.on(ticket, "transfer", to=to)
    assert code(no) == fault
    assert two.ticket(ticket)["state"] == "called"


def test_nobody_comes_back_with_the_same_slip_nor_by_itself(two: Hall) -> None:
    ticket = called(two)
    with pytest.raises(Refusal) as no:
        two.on(ticket, "transfer", to=TO, return_to_me=True)
    assert code(no) == "other_site"
    two.on(ticket, "transfer", to=TO)
    carry(two)
    there(two, lambda unit: counters.command(unit, "1", "open"))
    there(two, lambda unit: calling.next_ticket(unit, "1"))
    with pytest.raises(Refusal) as no:
        there(two, lambda unit: calling.on_ticket(unit, ticket["id"], "transfer", counter="1", to={"site": SITE}))
    assert code(no) == "was_there"
