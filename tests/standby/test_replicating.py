"""A standby that reads the log has the same tables, row by row, and refuses rows that do not continue its own."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from queue_server import bootstrap
from queue_server.audit import compare
from queue_server.domain.principal import SYSTEM
from queue_server.services import access, calling, command, configuring, counters, days, desk, epochs, issuing, moving, replicating
from queue_server.services.day_keys import DayKeys
from queue_server.storage import copying
from queue_server.storage.store import Store, open_store
from queue_server.web.standing import Standing
from tests.hall import CLERK, SITE, Hall
from tests.standby.day import stretch, tables


@pytest.fixture
def standby(hall: Hall, tmp_path: Path) -> Iterator[Store]:
    """A copy of the hall as it was at the start, on SQLite: the Pi beside the server."""
    copying.copy_out(hall.store.url, tmp_path / "standby.db")
    store = open_store(f"sqlite:///{tmp_path}/standby.db", hall.clock)
    yield store
    store.close()


def follow(hall: Hall, standby: Store, limit: int = 500) -> None:
    """Take in batches over the wire's own form until nothing is left."""
    while True:
        with standby.read() as reader:
            row = reader.site(SITE)
        assert row is not None
        with hall.store.read() as reader:
            told = json.loads(json.dumps(replicating.batch(reader, SITE, after=row["seq"], answers_since=0, limit=limit)))
        reached = standby.write(SITE, lambda repository, told=told: replicating.take_in(repository, told))  # type: ignore[misc]
        if reached == told["seq"]:
            break
    with hall.store.read() as reader:
        beside = json.loads(json.dumps(replicating.aside(reader)))
    standby.write("", lambda repository: replicating.take_aside(repository, beside))


@pytest.mark.parametrize("seed", range(3))
def test_the_tables_are_the_same_after_any_stretch_of_a_day(hall: Hall, standby: Store, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(4):
        stretch(hall, rng, 40)
        follow(hall, standby, limit=rng.choice((7, 500)))
    ours, theirs = tables(hall.store), tables(standby)
    for name in ours:
        assert theirs[name] == ours[name], name
    assert len(ours["event"]) > 60
    assert compare.of_every_site(standby, compare.findings) == []


def test_a_number_carried_to_the_next_day_is_there_too(hall: Hall, standby: Store) -> None:
    """With its new day, under which it is found and called after a promotion, and with the numbers that nobody else may get."""
    hall.configure(policy={"leftovers": "carry"})
    left = hall.issue()
    follow(hall, standby)
    hall.clock.forward(86_400)
    assert days.turn(hall.store, SITE)
    follow(hall, standby)
    ours, theirs = tables(hall.store), tables(standby)
    assert theirs == ours
    with standby.read() as reader:
        carried = reader.ticket(SITE, left["id"])
        assert carried is not None
        assert carried.carried_to == hall.issue()["business_day"]
        assert [each["id"] for each in desk.find(reader, SITE, "1", now=hall.clock.at_ms)["tickets"]] == [left["id"]]
    assert compare.of_every_site(standby, compare.findings) == []


def test_who_came_from_another_site_is_there_too(hall: Hall, standby: Store) -> None:
    """With the number of the slip, which the standby's series must go on behind as well, and the card's hash."""
    configuring.init_site(hall.store, site="W0", kind="demo")

    def elsewhere(n: int, use_case: Any) -> Any:
        return command.run(hall.store, command.Command(f"e{n}", "W0", CLERK, "test", f"e{n}"), use_case).body

    keys = ("key-a", "key-b", "key-c")
    came = [elsewhere(n, lambda unit, key=key: issuing.issue(unit, service="ho-tich", holder_key=key)) for n, key in enumerate(keys)]
    elsewhere(10, lambda unit: counters.command(unit, "1", "open"))
    hall.issue()
    for n in (20, 30, 40):  # the first of them has a number that is taken here
        elsewhere(n, lambda unit: calling.next_ticket(unit, "1"))
        elsewhere(n + 1, lambda unit, n=n: calling.on_ticket(unit, came[n // 10 - 2]["id"], "transfer", counter="1", to={"site": SITE}))
    assert sum(moving.deliver(hall.store, moved) for moved in moving.pending(hall.store)) == 3
    hall.issue()
    follow(hall, standby)
    ours, theirs = tables(hall.store), tables(standby)
    assert [row for row in ours["ticket"] if row["site"] == SITE] == theirs["ticket"]
    assert [row for row in ours["series_counter"] if row["site"] == SITE] == theirs["series_counter"]
    assert sorted(row["number"] for row in theirs["ticket"]) == [1, 2, 3, 4, 5]
    assert {row["holder_key"] for row in theirs["ticket"]} == {None, *keys}
    assert compare.of_every_site(standby, compare.findings) == []


def test_a_new_epoch_is_followed_too(hall: Hall, standby: Store) -> None:
    hall.issue()
    epochs.start(hall.store, SITE, reason="restored", who=SYSTEM, cmd="job:restored:2")
    hall.issue()
    follow(hall, standby)
    assert tables(standby) == tables(hall.store)


def test_a_server_that_was_fenced_and_lost_nothing_follows_the_one_that_took_over(hall: Hall, standby: Store) -> None:
    hall.issue()
    follow(hall, standby)
    epochs.start(hall.store, SITE, reason="promoted", who=SYSTEM, cmd="job:promote:2")
    heard = {"site": SITE, "epoch": 2, "continues_after": 1, "started_at": 1, "reason": "elsewhere"}
    standby.write(SITE, lambda repository: repository.note_epoch(heard))
    hall.issue()
    follow(hall, standby)
    assert tables(standby) == tables(hall.store)


def test_a_standby_writes_nothing_of_its_own_at_midnight(hall: Hall, standby: Store) -> None:
    hall.issue()
    follow(hall, standby)
    before = standby.position(SITE)
    hall.clock.forward(24 * 3600)
    house = SimpleNamespace(store=standby, clock=hall.clock, standing=Standing(following=True), day_keys=DayKeys())
    house.standing.enter(standby, hall.clock)
    bootstrap.turn_days(house)  # type: ignore[arg-type]
    assert standby.position(SITE) == before
    house.standing.following = False
    bootstrap.turn_days(house)  # type: ignore[arg-type]
    assert standby.position(SITE) > before


def test_a_row_that_was_changed_on_the_way_is_refused_whole(hall: Hall, standby: Store) -> None:
    hall.issue()
    with hall.store.read() as reader:
        told = replicating.batch(reader, SITE, after=standby.position(SITE)[1], answers_since=0)
    told["events"][-1]["label"] = "A999"
    with pytest.raises(replicating.Diverged):
        standby.write(SITE, lambda repository: replicating.take_in(repository, told))
    assert standby.position(SITE) != hall.store.position(SITE)


def test_a_gap_is_refused(hall: Hall, standby: Store) -> None:
    hall.issue()
    hall.issue()
    with hall.store.read() as reader:
        told = replicating.batch(reader, SITE, after=standby.position(SITE)[1] + 1, answers_since=0)
    with pytest.raises(replicating.Diverged):
        standby.write(SITE, lambda repository: replicating.take_in(repository, told))


def test_an_answer_without_an_event_comes_too(hall: Hall, standby: Store) -> None:
    hall.open("1")
    assert hall.next("1", request_id="nobody-there") is None
    follow(hall, standby)
    with standby.read() as reader:
        assert reader.request(SITE, "nobody-there") is not None


def test_keys_accounts_and_devices_come_beside_the_log(hall: Hall, standby: Store) -> None:
    key = hall.store.write("", lambda repository: access.create_key(repository, name="kiosk", scopes=("issue",), sites=(SITE,)))

    def carry() -> dict[str, Any]:
        with hall.store.read() as reader:
            told: dict[str, Any] = json.loads(json.dumps(replicating.aside(reader)))
        standby.write("", lambda repository: replicating.take_aside(repository, told))
        return told

    first = carry()
    with standby.read() as reader:
        assert access.verify_key(reader, key) is not None
    key_id = first["rows"]["api_key"][0]["id"]
    hall.store.write("", lambda repository: repository.revoke_key(key_id, 1))
    assert carry()["digest"] != first["digest"]
    with standby.read() as reader:
        assert access.verify_key(reader, key) is None
