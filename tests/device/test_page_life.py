"""When a page counts as dead and when the screen is started again: the rule against a plain list of what must hold."""

from __future__ import annotations

import itertools

from queue_server.device.page_life import APART_S, FIRST_S, SILENT_S, PageLife, Seen, is_dead, is_due, restart_unit


def test_the_rule_at_every_instant_that_matters() -> None:
    """All combinations of pings and restarts around every limit, judged by sentences instead of by the code's own order."""
    marks = sorted({0.0, 5.0, *(limit + off for limit in (SILENT_S, FIRST_S, APART_S) for off in (-1.0, 0.0, 1.0))})
    tried = 0
    for ping, again, now in itertools.product([None, *marks], [None, *marks], [*marks, 500.0]):
        if any(at is not None and at > now for at in (ping, again)):
            continue
        tried += 1
        seen = Seen(0.0, ping, again)
        silent_s = now - (ping or 0.0)
        dead = silent_s >= (FIRST_S if ping is None else SILENT_S)
        assert is_dead(seen, now) is dead, (seen, now)
        rested = again is None or now - again >= APART_S
        assert is_due(seen, now) is (dead and rested), (seen, now)
    assert tried > 500


class Screen:
    def __init__(self, *, taken: bool = True) -> None:
        self.now_s, self.restarts, self.taken = 0.0, [], taken
        self.page = PageLife(lambda: self.now_s, self._restart)

    def _restart(self) -> bool:
        self.restarts.append(self.now_s)
        return self.taken

    def run(self, until_s: float, ping_every_s: float | None = None) -> None:
        """Second by second, as the heartbeat's thread does every two."""
        while self.now_s < until_s:
            self.now_s += 1.0
            if ping_every_s and self.now_s % ping_every_s == 0:
                self.page.ping()
            self.page.look()


def test_a_page_that_pings_is_left_alone() -> None:
    screen = Screen()
    screen.run(3600, ping_every_s=5)
    assert (screen.restarts, screen.page.dead(), screen.page.report()["restarts"]) == ([], False, 0)


def test_a_page_that_never_came_up_gets_its_time_and_then_a_restart_every_two_minutes() -> None:
    screen = Screen()
    screen.run(FIRST_S + 2 * APART_S)
    assert screen.restarts == [FIRST_S, FIRST_S + APART_S, FIRST_S + 2 * APART_S]


def test_a_page_that_froze_is_started_again_after_thirty_seconds_and_then_left_to_come_up() -> None:
    screen = Screen()
    screen.run(100, ping_every_s=5)
    screen.run(135)
    assert screen.restarts == [100 + SILENT_S]
    screen.run(1000, ping_every_s=5)
    assert screen.restarts == [100 + SILENT_S]
    assert not screen.page.dead()


def test_a_restart_that_systemd_refused_is_told_and_tried_again() -> None:
    screen = Screen(taken=False)
    screen.now_s = FIRST_S
    assert screen.page.look() is False
    assert screen.page.look() is None
    assert screen.page.dead()


def test_a_page_on_another_machine_is_watched_only_once_it_was_seen() -> None:
    now_s = [0.0]
    page = PageLife(lambda: now_s[0])
    now_s[0] = 1000.0
    assert (page.report(), page.dead(), page.look()) == ({}, False, None)
    page.ping()
    now_s[0] += SILENT_S
    assert (page.report(), page.dead(), page.look()) == ({"age_s": 30, "restarts": 0}, True, None)


def test_the_command_asks_systemd_and_waits_for_nothing() -> None:
    asked = []
    assert restart_unit("toiluot-screen.service", lambda words: asked.append(list(words)) or "")() is True
    assert asked == [["systemctl", "--no-block", "--no-ask-password", "restart", "toiluot-screen.service"]]
    assert restart_unit("x", lambda words: None)() is False
