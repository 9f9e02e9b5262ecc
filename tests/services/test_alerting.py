"""Alerts of a centre on both databases: raised, told and cleared as rows of the log; availability by day from them."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.domain.alerting import Limits
from queue_server.services import alerting, fleet, slo
from queue_server.services.alert_words import WORDS, headline, remedy
from tests.hall import MORNING, SITE, Hall

NOON = MORNING + 5 * 3_600_000


class Watched:
    def __init__(self, hall: Hall) -> None:
        self.hall, self.watch, self.limits = hall, alerting.Watch(hall.clock.at_ms - 3_600_000), Limits()

    def beat(self, device: str = "kiosk-01", role: str = "kiosk", code: str = "ok", **more: Any) -> None:
        slots = [{"role": "printer", "state": "ready", "code": code}]
        self.hall.do(lambda unit: fleet.heartbeat(unit, device=device, role=role, slots=slots, **more))

    def look(self) -> list[tuple[str, str]]:
        now = self.hall.clock.at_ms
        alerting.look(self.hall.store, SITE, self.watch, self.limits, now=now, backup=None, certificates={})
        return [(each["rule"], each["subject"]) for each in self.hall.look(alerting.standing)["alerts"]]

    def told(self) -> list[str]:
        return [event.type for event in self.hall.log() if event.type.startswith("alert.")]


@pytest.fixture
def watched(hall: Hall) -> Watched:
    return Watched(hall)


def test_an_alert_is_raised_once_stands_and_is_cleared(watched: Watched) -> None:
    watched.beat(code="paper_out")
    assert watched.look() == [("paper_out", "kiosk-01")]
    assert watched.look() == [("paper_out", "kiosk-01")]
    assert watched.told() == ["alert.raised"]
    watched.beat()
    assert watched.look() == [("paper_out", "kiosk-01")]  # a lid opened for a moment
    watched.hall.clock.forward(31)
    watched.beat()
    assert watched.look() == []
    assert watched.told() == ["alert.raised", "alert.cleared"]


def test_two_processes_that_look_raise_it_once(watched: Watched) -> None:
    watched.beat(code="paper_out")
    other = Watched(watched.hall)
    watched.look()
    other.look()
    assert watched.told() == ["alert.raised"]


def test_the_longest_wait_of_a_service(watched: Watched) -> None:
    watched.hall.clock.forward(1800)  # half past seven, when the doors open
    watched.hall.issue()
    watched.hall.clock.forward(1801)
    assert watched.look() == []
    watched.hall.clock.forward(121)
    assert watched.look() == [("queue_wait_over", "ho-tich")]
    found = watched.hall.look(alerting.standing)["alerts"][0]
    assert found["detail"]["waiting"] == 1
    assert headline(found, {"ho-tich": "Hộ tịch"}).startswith("Có người chờ quá lâu ở việc Hộ tịch: chờ ")


def test_what_is_still_to_be_told_and_what_was_told(watched: Watched) -> None:
    watched.beat(code="paper_out")
    watched.look()
    store, now = watched.hall.store, watched.hall.clock.at_ms
    with store.read() as reader:
        ((what, alert),) = alerting.untold(reader, SITE, "mail", now=now)
    assert (what, alert["rule"]) == ("raised", "paper_out")
    alerting.told(store, SITE, alert["id"], what="raised", way="mail", outcome="sent", tries=1)
    watched.hall.clock.forward(60)
    watched.beat()
    watched.look()
    watched.hall.clock.forward(60)
    watched.beat()
    watched.look()
    with store.read() as reader:
        assert [each for each, _ in alerting.untold(reader, SITE, "mail", now=now)] == ["cleared"]
        assert [each for each, _ in alerting.untold(reader, SITE, "webhook", now=now)] == ["raised", "cleared"]
        assert alerting.untold(reader, SITE, "webhook", now=now + 2 * 86_400_000) == []


def test_a_server_that_was_away_says_so_when_it_is_back(watched: Watched) -> None:
    hall = watched.hall
    alerting.lives(hall.store, SITE, now=hall.clock.at_ms, first=True)
    assert watched.told() == []
    hall.clock.forward(600)
    alerting.lives(hall.store, SITE, now=hall.clock.at_ms, first=True)
    assert watched.told() == ["alert.raised", "alert.cleared"]
    told = hall.log()[-2].data
    assert (told["rule"], told["detail"]["away_s"], told["since"]) == ("server_down", 600, MORNING)


def test_availability_by_day(watched: Watched) -> None:
    """A kiosk out of paper from nine to ten while the other is silent from half past nine: nobody could take a number then."""
    hall = watched.hall
    two_hours = NOON - MORNING
    hall.clock.forward(two_hours // 1000)
    with hall.store.read() as reader:
        before = slo.availability(reader, SITE, days=1, now=NOON)
    assert before["total"]["calling"]["away_s"] == 0
    opened_s = before["total"]["calling"]["open_s"]
    assert opened_s > 0
    hall.clock.at_ms = NOON
    for name in ("kiosk-01", "kiosk-02"):
        watched.beat(name)
    hall.store.write(SITE, lambda repository: _spell(repository, "paper_out", "kiosk-01", MORNING + 2 * 3_600_000, MORNING + 3 * 3_600_000))
    hall.store.write(SITE, lambda repository: _spell(repository, "kiosk_offline", "kiosk-02", MORNING + 9_000_000, None))
    found = hall.look(slo.availability, days=1)
    assert found["total"]["issuing"]["away_s"] == 1800
    assert found["total"]["calling"]["away_s"] == 0
    assert found["total"]["issuing"]["percent"] == int(10_000 * (opened_s - 1800) / opened_s) / 100


def _spell(repository: Any, rule: str, subject: str, since: int, until: int | None) -> None:
    repository.add_alert({"site": SITE, "id": rule + subject, "rule": rule, "subject": subject, "severity": "urgent", "detail": "{}",
                          "since": since, "raised_at": since, "cleared_at": until, "told": "{}"})  # fmt: skip


def test_every_rule_has_its_words() -> None:
    from queue_server.domain.alerting import RULES, SERVER_DOWN

    assert set(WORDS) == {*RULES, SERVER_DOWN}
    for rule in WORDS:
        alert = {"rule": rule, "subject": "kiosk-01", "detail": {"silent_s": 130, "slips": 3}}
        assert headline(alert)[0].isupper()
        assert "{" not in headline(alert)
        assert remedy(alert).endswith(".")
