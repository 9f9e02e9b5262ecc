"""The rule that keeps an update or takes it back, against every course that a night can take."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, product

import pytest

from queue_server.device.updating import CHECKS, STEADY, Health, Plan, Verdict, plan, reasons, ring_of, source, verdict

FINE = Health(units=True, page=True, server=True, printer=True)
STATES = (True, False, None)


EVERY, SOME = 1, 61  # of the 2^15 nights


def nights(step: int) -> Iterable[tuple[bool, ...]]:
    return islice(product((True, False), repeat=CHECKS), 0, None, step)


SAMPLED = pytest.mark.parametrize("step", [SOME, pytest.param(EVERY, marks=pytest.mark.full)])


def end(before: Health, checks: list[Health]) -> tuple[Verdict, int]:
    """The first decision, and after how many looks it came."""
    for seen in range(len(checks) + 1):
        said = verdict(before, checks[:seen])
        if said is not Verdict.WAIT:
            return said, seen
    return Verdict.WAIT, len(checks)


@SAMPLED
@pytest.mark.parametrize("thing", ["units", "page"])
def test_every_course_of_a_strict_thing(thing: str, step: int) -> None:
    """All 2^15 nights: kept exactly when each of the last five minutes is good, taken back in the first of them that is not."""
    before = Health(**{thing: True})
    good, bad = Health(**{thing: True}), Health(**{thing: False})
    for course in nights(step):
        said, seen = end(before, [good if each else bad for each in course])
        counting = course[CHECKS - STEADY :]
        if all(counting):
            assert (said, seen) == (Verdict.KEEP, CHECKS)
        else:
            assert (said, seen) == (Verdict.BACK, CHECKS - STEADY + counting.index(False) + 1)


@SAMPLED
@pytest.mark.parametrize("thing", ["server", "printer"])
def test_every_course_of_a_thing_with_a_life_of_its_own(thing: str, step: int) -> None:
    before = Health(**{thing: True})
    for course in nights(step):
        said, seen = end(before, [Health(**{thing: each}) for each in course])
        assert (said, seen) == (Verdict.KEEP if any(course) else Verdict.BACK, CHECKS)


def test_what_was_bad_or_not_there_before_never_takes_an_update_back() -> None:
    for before in product((False, None), repeat=4):
        for after in product(STATES, repeat=4):
            assert end(Health(*before), [Health(*after)] * CHECKS) == (Verdict.KEEP, CHECKS)


def test_whatever_is_lost_is_named_and_nothing_else() -> None:
    names = ("units", "page", "server", "printer")
    for before in product(STATES, repeat=4):
        for after in product(STATES, repeat=4):
            lost = [name for name, was, now in zip(names, before, after, strict=True) if was is True and now is not True]
            checks = [Health(*after)] * CHECKS
            assert sorted(reasons(Health(*before), checks)) == sorted(lost)
            assert end(Health(*before), checks)[0] is (Verdict.BACK if lost else Verdict.KEEP)


def test_a_look_survives_a_power_cut_in_the_middle_of_the_watch() -> None:
    for states in product(STATES, repeat=4):
        assert Health.of(Health(*states).told()) == Health(*states)
    assert Health.of({"page": "yes", "other": True}) == Health()


def test_only_a_whole_newer_version_that_did_not_go_back_is_planned() -> None:
    have = {"toiluot-common": "1", "toiluot-kiosk": "1"}
    assert plan(have, {**have, "toiluot-server": "2"}, False, []) is None
    assert plan(have, dict.fromkeys(have, "2"), True, []) == Plan(("toiluot-common", "toiluot-kiosk"), "1", "2")
    assert plan(have, dict.fromkeys(have, "2"), True, ["2"]) is None
    assert plan(have, {"toiluot-common": "2", "toiluot-kiosk": "1"}, True, []) is None
    assert plan(have, {"toiluot-common": "2"}, True, []) is None
    assert plan({"toiluot-common": "1", "toiluot-kiosk": "0"}, dict.fromkeys(have, "2"), True, []) is None
    assert plan({}, {}, True, []) is None


def test_a_machine_nobody_decided_about_is_in_the_last_ring() -> None:
    assert ring_of(None, "", "canary") == "rest"
    assert ring_of("first", "rest") == "first"
    assert ring_of(None, "early") == "early"


def test_an_apt_source_is_of_one_ring_and_signed() -> None:
    text = source("https://packages.example.invalid/toiluot", "early", "/etc/toiluot/packages.asc")
    assert "Suites: early/\n" in text
    assert "Signed-By: /etc/toiluot/packages.asc\n" in text
    for bad in ("", "https://a b", "x\nTrusted: yes"):
        with pytest.raises(ValueError, match="no address"):
            source(bad, "rest", "/key")
        with pytest.raises(ValueError, match="no address"):
            source("https://a", "rest", bad)
