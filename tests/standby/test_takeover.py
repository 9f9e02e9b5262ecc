"""The server in the building dies: the standby has what was acknowledged, takes over under a new epoch, and the old one is fenced."""

from __future__ import annotations

import threading

import pytest

from queue_server.audit import compare
from queue_server.client import Client, Problem, Unreachable
from queue_server.recovery import branches
from queue_server.storage.store import open_store
from tests.hall import SITE, HandClock
from tests.standby.conftest import Building, Program, together
from tests.standby.day import tables
from tests.web.helpers import until

Pair = tuple[Program, Program]


def again(client: Client, request_id: str) -> dict[str, object]:
    """What a kiosk does: the same request until somebody answers."""
    found: dict[str, object] = {}

    def answered() -> bool:
        try:
            found.update(client.issue(request_id, service="ho-tich"))
        except (Problem, Unreachable):
            return False
        return True

    until(answered)
    return found


def test_the_standby_has_the_same_tables_and_takes_no_commands(building: Building, pair: Pair) -> None:
    server, standby = pair
    main, second = building.client(server), building.client(standby)
    main.counter_command("o1", "1", "open")
    for n in range(20):
        main.issue(f"i{n}", service="ho-tich")
    assert main.next("n1", "1")["ticket"]
    with pytest.raises(Problem) as refused:
        second.issue("x", service="ho-tich")
    assert (refused.value.status, refused.value.code) == (503, "standby")
    assert second.standing()["standing"] == "standby"
    assert len(second.queue()["tickets"]) == 19
    ours, theirs = (open_store(url, HandClock()) for url in (building.url, building.standby_url))
    assert tables(theirs) == tables(ours)
    assert compare.of_every_site(theirs, compare.findings) == []
    ours.close()
    theirs.close()


def test_a_client_with_both_addresses_goes_on_after_the_servers_death(building: Building, pair: Pair) -> None:
    server, standby = pair
    kiosk = building.client(server, standby)
    first = kiosk.issue("i1", service="ho-tich")
    server.kill()
    building.client(standby).promote("p1")
    assert again(kiosk, "i1") == first  # acknowledged before: the stored answer, not a second number
    assert again(kiosk, "i2")["number"] == 202
    assert kiosk.base == standby.base


def test_the_old_server_comes_back_and_is_fenced_by_the_first_client_that_knows_better(building: Building, pair: Pair) -> None:
    server, standby = pair
    kiosk = building.client(server, standby)
    kiosk.issue("i1", service="ho-tich")
    building.client(standby).promote("p1")
    kiosk.heard(2)  # a board has told it
    with pytest.raises(Problem) as refused:
        kiosk.issue("i2", service="ho-tich")
    assert refused.value.code == "fenced"
    with pytest.raises(Problem) as still:
        building.client(server).issue("i3", service="ho-tich")  # whoever knows nothing is refused too
    assert still.value.code == "fenced"
    assert again(kiosk, "i2")["number"] == 202
    port = server.base.rpartition(":")[2]
    server.kill()
    returned = building.serve(f"127.0.0.1:{port}")
    assert building.client(returned).standing()["standing"] == "fenced"  # it has not forgotten


def test_an_answer_of_the_new_server_is_the_news_that_the_old_one_is_told(building: Building, pair: Pair) -> None:
    server, standby = pair
    building.client(server).issue("i1", service="ho-tich")
    building.client(standby).promote("p1")
    clerk = building.client(standby, server)  # no stream, no home page: commands alone
    again(clerk, "i2")
    assert clerk.epoch == 2
    assert again(clerk, "i2")["label"]  # the short way and the long way both tell it
    clerk._turn()
    with pytest.raises(Problem) as refused:
        clerk.issue("i3", service="ho-tich")
    assert refused.value.code == "fenced"


def test_the_old_server_is_fenced_by_the_one_that_took_over_before_anybody_asks_it(building: Building, pair: Pair) -> None:
    server, standby = pair
    port = server.base.rpartition(":")[2]
    server.kill()
    building.client(standby).promote("p1")
    returned = building.client(building.serve(f"127.0.0.1:{port}"))
    until(lambda: returned.standing()["standing"] == "fenced", 20)
    with pytest.raises(Problem) as refused:
        next(returned.stream())  # nothing happens there any more: a board must not stay
    assert refused.value.code == "fenced"


def test_nothing_acknowledged_is_missing_on_the_standby_however_the_server_dies(building: Building, pair: Pair) -> None:
    server, standby = pair
    acknowledged: list[dict[str, object]] = []

    def issue_until_cut(n: int) -> None:
        client = building.client(server)
        for k in range(10_000):
            try:
                acknowledged.append(client.issue(f"k{n}-{k}", service="ho-tich"))
            except (Problem, Unreachable):
                return

    kiosks = [threading.Thread(target=issue_until_cut, args=(n,)) for n in range(4)]
    for kiosk in kiosks:
        kiosk.start()
    until(lambda: len(acknowledged) > 60)
    server.kill()
    for kiosk in kiosks:
        kiosk.join()
    second = building.client(standby)
    second.promote("p1")
    for ticket in acknowledged:
        assert second.ticket(str(ticket["id"]))["label"] == ticket["label"]
    after = [second.issue(f"after{n}", service="ho-tich")["label"] for n in range(5)]
    assert not {ticket["label"] for ticket in acknowledged} & set(after)


def test_it_takes_over_alone_only_where_the_site_names_it(building: Building) -> None:
    building.configure(standby="pi-2", standby_after_s=1)
    server = building.serve()
    named, other = building.follow(server), building.follow(server, name="pi-3", url=f"sqlite:///{building.folder}/third.db")
    until(together(building.client(server)))
    building.client(server).issue("i1", service="ho-tich")
    until(lambda: len(building.client(other).queue()["tickets"]) == 1)
    server.kill()
    until(lambda: building.client(named).standing()["standing"] == "serving", 20)
    assert building.client(other).standing()["standing"] == "standby"
    assert building.client(named).issue("i2", service="ho-tich")["number"] == 202


def test_a_server_that_was_replaced_follows_the_new_one_and_keeps_its_lost_branch_for_a_person(building: Building, pair: Pair) -> None:
    server, standby = pair
    standby_key = building.client(standby)
    standby.kill()  # away while this happens:
    lost = building.client(server).issue("lost", service="ho-tich")
    server.kill()
    returned = building.serve(url=building.standby_url)  # serves on the standby's file, as after a promotion by the command
    with pytest.raises(Problem):
        building.client(returned).ticket(str(lost["id"]))
    del standby_key
    follower = building.follow(returned, name="pi-1", url=building.url)
    until(together(building.client(returned)))
    store = open_store(building.url, HandClock())
    assert [row["label"] for row in branches.listed(store, SITE) if row["type"] == "issued"] == [lost["label"]]
    store.close()
    assert building.client(follower).standing()["standing"] == "standby"
