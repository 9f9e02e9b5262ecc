"""The turn of the day, and who may come in."""

from __future__ import annotations

import pytest

from queue_server.domain.errors import Refusal
from queue_server.domain.event import chain_hash
from queue_server.services import access, configuring, days, fleet, leasing, queries
from tests.hall import MORNING, SITE, Hall


# ---------------------------------------------------------------- days
def test_what_the_day_left_open_is_closed_and_marked(hall: Hall) -> None:
    waiting, called, serving = hall.issue(), hall.issue(), hall.issue(holder_key="k")
    hall.open("1")
    hall.open("2")
    hall.next("1")
    hall.next("2")
    hall.at("2", "serve")
    assert not days.turn(hall.store, SITE)
    hall.clock.at_ms = MORNING + 17 * 3_600_000  # 00:00
    assert days.turn(hall.store, SITE)
    assert not days.turn(hall.store, SITE)
    states = [hall.ticket(ticket)["state"] for ticket in (waiting, called, serving)]
    assert states == ["no_show", "completed", "expired"]
    assert hall.look(queries.counter, "1")["state"] == "closed"
    with hall.store.read() as reader:
        assert reader.live_of_holder(SITE, "k") == []
        assert reader._sql._run("SELECT count(holder_key) AS n FROM ticket").fetchone()["n"] == 0


def test_seals_chain_the_days_and_the_hashes_chain_the_rows(hall: Hall) -> None:
    for day in range(3):
        hall.clock.at_ms = MORNING + day * 86_400_000
        days.turn(hall.store, SITE)
        hall.issue()
        hall.issue("dat-dai")
    days_seen: dict[str, str] = {}
    for event in hall.log():
        assert event.hash == chain_hash(days_seen.get(event.business_day, ""), event)
        days_seen[event.business_day] = event.hash
    seals = hall_seals(hall)
    assert [seal["business_day"] for seal in seals] == ["2026-11-23", "2026-11-24"]
    assert seals[0]["previous"] == ""
    assert seals[1]["previous"] == seals[0]["digest"]
    sealed = [event.data for event in hall.log() if event.type == "day.sealed"]
    assert [body["digest"] for body in sealed] == [days_seen["2026-11-23"], days_seen["2026-11-24"]]


def hall_seals(hall: Hall) -> list[dict[str, object]]:
    with hall.store.read() as reader:
        found: list[dict[str, object]] = queries.seals(reader, SITE)["seals"]
    return found


def test_the_log_is_gapless_over_days(hall: Hall) -> None:
    for day in range(3):
        hall.clock.at_ms = MORNING + day * 86_400_000
        hall.issue()
        days.turn(hall.store, SITE)
    assert [event.seq for event in hall.log()] == list(range(1, len(hall.log()) + 1))
    assert [event.business_day for event in hall.log() if event.type == "day.opened"] == ["2026-11-23", "2026-11-24", "2026-11-25"]


def test_whoever_comes_first_after_midnight_closes_the_day(hall: Hall) -> None:
    """The timed job looks every twenty seconds; a citizen or a device's report may come before it."""
    left = hall.issue(holder_key="k")
    hall.open()
    hall.next()
    hall.clock.at_ms = MORNING + 17 * 3_600_000 + 1
    assert hall.issue()["number"] == 1
    assert not days.turn(hall.store, SITE)
    assert (hall.ticket(left)["state"], hall.look(queries.counter, "1")["state"]) == ("no_show", "closed")
    assert [seal["business_day"] for seal in hall_seals(hall)] == ["2026-11-23"]
    types = [(event.type, event.business_day) for event in hall.log()]
    assert types[-5:] == [(kind, "2026-11-24") for kind in ("closed_by_system", "counter.closed", "day.closed", "day.sealed", "issued")]


def test_a_refused_command_leaves_the_day_to_the_next(hall: Hall) -> None:
    hall.issue()
    hall.clock.at_ms = MORNING + 17 * 3_600_000
    with pytest.raises(Refusal):
        hall.next()
    assert hall_seals(hall) == []
    hall.issue()
    assert len(hall_seals(hall)) == 1


def test_a_request_id_that_looks_like_the_job_does_not_stop_it(hall: Hall) -> None:
    hall.issue(request_id="job:day-close:2026-11-23")
    hall.clock.at_ms = MORNING + 17 * 3_600_000
    assert days.turn(hall.store, SITE)
    assert len(hall_seals(hall)) == 1


def test_nobody_takes_the_close_of_a_day_back(hall: Hall) -> None:
    left = hall.issue()
    hall.open()
    hall.next()
    hall.clock.at_ms = MORNING + 17 * 3_600_000
    days.turn(hall.store, SITE)
    hall.open()
    with pytest.raises(Refusal) as no:
        hall.undo(cmd="job:day-close:2026-11-23")
    assert (no.value.code, hall.ticket(left)["state"]) == ("undo_too_late", "no_show")


def test_a_number_given_out_yesterday_without_the_server_does_not_wait_today(hall: Hall) -> None:
    lease = hall.do(lambda unit: leasing.lease(unit, series="A", count=2))
    entry = lease["entries"][0]
    given = {"number": entry["number"], "ticket_id": entry["ticket_id"], "issued_at": MORNING + 1000, "holder_key": "k"}
    hall.clock.at_ms = MORNING + 86_400_000
    told = hall.do(lambda unit: leasing.settle(unit, lease["id"], tickets=[given]))
    assert told["tickets"][0]["result"] == "settled"
    assert hall.ticket({"id": entry["ticket_id"]})["state"] == "expired"
    assert hall.look(queries.queue)["tickets"] == []
    with hall.store.read() as reader:
        assert reader._sql._run("SELECT count(holder_key) AS n FROM ticket").fetchone()["n"] == 0


# ---------------------------------------------------------------- configuration
def test_a_configuration_counts_whole_or_not_at_all(hall: Hall) -> None:
    hall.issue("dat-dai")
    before = configuring.current(hall.store, SITE)
    services = [s for s in before["document"]["services"] if s["code"] != "dat-dai"]
    with pytest.raises(Refusal) as no:
        hall.configure(services=services)
    assert no.value.detail["errors"][0]["code"] == "in_use"
    assert configuring.current(hall.store, SITE) == before
    hall.configure(name="Tên mới")
    assert hall.look(queries.board)["name"] == "Tên mới"
    assert (hall.log()[-1].type, hall.log()[-1].data["version"]) == ("config.applied", 2)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"services": [], "help_service": None}, "/services"),
        ({"services": [{"code": "a", "name": "A", "series": "B"}]}, "/services/0/series"),
        ({"services": [{"code": "a", "name": "A", "series": "A", "typo": 1}]}, "/services/0/typo"),
        ({"services": [{"code": "a", "name": "A", "series": "A"}] * 2}, "/services/1/code"),
        ({"services": [{"code": "a", "series": "A"}]}, "/services/0"),
        ({"services": "x"}, "/services"),
        ({"counters": [{"code": "1", "name": "1", "services": ["nope"]}]}, "/counters/0/services"),
        ({"calendars": {"x": {"weekly": {"1": [["09:00", "08:00"]]}}}}, "/calendars/x"),
        ({"policy": {"undo_s": -1}}, "/policy/undo_s"),
        ({"policy": {"undo_s": True}}, "/policy/undo_s"),
        ({"policy": {"no_paper": "maybe"}}, "/policy/no_paper"),
        ({"help_service": "nope"}, "/help_service"),
        ({"unknown": 1}, "/unknown"),
    ],
)
def test_a_fault_in_a_configuration_is_pointed_at(hall: Hall, change: dict[str, object], pointer: str) -> None:
    with pytest.raises(Refusal) as no:
        hall.configure(**change)
    assert no.value.detail["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("name", configuring.TEMPLATES)
def test_every_template_is_a_usable_site(name: str) -> None:
    from queue_server.domain.config import parse

    config = parse(configuring.template(name))
    assert all(config.served_by(counter) for counter in config.counters)
    assert config.help_service in config.services
    if name == "ward":
        assert len(config.services) >= 6
        assert len(config.counters) >= 8
        assert all(config.served_by(counter) == tuple(config.services) for counter in config.counters)


# ---------------------------------------------------------------- who
def person(hall: Hall, password: str = "mật khẩu dài", role: str = "clerk") -> None:
    digest = access.hash_password(password)
    hall.store.write("", lambda r: access.create_person(r, login="Lan", name="Cán bộ Lan", role=role, sites=[SITE], password_hash=digest))


def test_keys_are_stored_as_hashes_expire_and_can_be_revoked(hall: Hall) -> None:
    key = hall.store.write("", lambda r: access.create_key(r, name="k", scopes=["issue"], sites=[SITE], expires_at=MORNING + 1000))
    with hall.store.read() as reader:
        who = access.verify_key(reader, key)
        assert who is not None
        assert (who.sites, who.may("issue"), who.may("call")) == ((SITE,), True, False)
        kept = [dict(row) for row in reader.keys()]  # noqa: SIM118 - the reader is no mapping
        assert key not in str(kept)
        assert access.verify_key(reader, key + "x") is None
    hall.clock.forward(2)
    with hall.store.read() as reader:
        assert access.verify_key(reader, key) is None
    lasting = hall.store.write("", lambda r: access.create_key(r, name="k2", scopes=["feed"], sites=[SITE]))
    with hall.store.read() as reader:
        key_id = access.verify_key(reader, lasting).id  # type: ignore[union-attr]
    hall.store.write("", lambda r: r.revoke_key(key_id, hall.clock.at_ms))
    with hall.store.read() as reader:
        assert access.verify_key(reader, lasting) is None


def test_a_log_in_gives_a_session_with_a_csrf_token_that_ends(hall: Hall) -> None:
    person(hall)
    found = access.log_in(hall.store, "lan", "mật khẩu dài", hall.clock.at_ms)
    with hall.store.read() as reader:
        who, csrf = access.session(reader, found.token)  # type: ignore[misc]
    assert (who.role, who.may("call"), who.may("issue"), csrf) == ("clerk", True, False, found.csrf)
    access.log_out(hall.store, found.token)
    with hall.store.read() as reader:
        assert access.session(reader, found.token) is None


def test_a_session_does_not_outlive_the_working_day_or_a_new_password(hall: Hall) -> None:
    person(hall)
    first = access.log_in(hall.store, "lan", "mật khẩu dài", hall.clock.at_ms)
    access.set_password(hall.store, "lan", "một mật khẩu khác")
    second = access.log_in(hall.store, "lan", "một mật khẩu khác", hall.clock.at_ms)
    with hall.store.read() as reader:
        assert access.session(reader, first.token) is None
        assert access.session(reader, second.token) is not None
    hall.clock.forward(12 * 3600)
    with hall.store.read() as reader:
        assert access.session(reader, second.token) is None


def test_guessing_makes_the_account_rest_and_it_comes_back_by_itself(hall: Hall) -> None:
    person(hall)
    for _ in range(access.TRIES):
        with pytest.raises(Refusal) as no:
            access.log_in(hall.store, "lan", "sai", hall.clock.at_ms)
        assert no.value.code == "bad_login"
    with pytest.raises(Refusal) as no:
        access.log_in(hall.store, "lan", "mật khẩu dài", hall.clock.at_ms)
    assert no.value.code == "account_resting"
    hall.clock.forward(access.REST_MS / 1000 + 1)
    assert access.log_in(hall.store, "lan", "mật khẩu dài", hall.clock.at_ms).token


def test_an_unknown_account_is_refused_like_a_wrong_password(hall: Hall) -> None:
    with pytest.raises(Refusal) as no:
        access.log_in(hall.store, "nobody", "whatever", hall.clock.at_ms)
    assert no.value.code == "bad_login"


# ---------------------------------------------------------------- devices
def beat(hall: Hall, device: str, code: str) -> None:
    slots = [{"role": "printer", "state": "ready", "code": code}]
    hall.do(lambda unit: fleet.heartbeat(unit, device=device, role="kiosk", slots=slots, version="1"))


def test_trouble_comes_first_and_only_a_change_of_health_is_an_event(hall: Hall) -> None:
    beat(hall, "kiosk-01", "ok")
    beat(hall, "kiosk-02", "paper_out")
    log = len(hall.log())
    beat(hall, "kiosk-02", "paper_out")
    assert len(hall.log()) == log
    beat(hall, "kiosk-02", "ok")
    assert (hall.log()[-1].type, hall.log()[-1].data["was"]) == ("device.health_changed", {"printer": "paper_out"})
    beat(hall, "kiosk-02", "paper_low")
    assert [d["device"] for d in hall.look(queries.devices)["devices"]] == ["kiosk-02", "kiosk-01"]
    hall.clock.forward(120)
    beat(hall, "kiosk-02", "paper_low")
    assert [d["device"] for d in hall.look(queries.devices)["devices"]] == ["kiosk-01", "kiosk-02"]  # silence is worse
