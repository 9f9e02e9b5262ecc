"""The rules of alerts against facts made by hand: what fires, what does not, what is told once, what is over."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.domain import alerting as a
from queue_server.domain.alerting import RULES, Device, Facts, Finding, Limits, Memory, Waiting, judge, step

NOW = 1_800_000_000_000
LONG_AGO = NOW - 86_400_000
WELL: dict[str, Any] = {
    "slots": [{"role": "printer", "state": "ready", "code": "ok", "paper_left": 300}],
    "clock": {"synced": True, "skew_ms": 40},
    "page": {"age_s": 3, "restarts": 0},
    "storage": {"errors": 0, "read_only": False, "writable": True},
    "undervoltage": {"now": False, "since_boot": False},
    "spool": {"waiting": 0},
    "temperature_c": 55,
}


def kiosk(name: str = "kiosk-01", *, silent_s: int = 10, role: str = "kiosk", **report: Any) -> Device:
    return Device(name, role, NOW - silent_s * 1000, WELL | report)


def facts(*devices: Device, **more: Any) -> Facts:
    return Facts(**{"now_ms": NOW, "is_open": True, "up_since_ms": LONG_AGO, "devices": devices} | more)


def keys(found: list[Finding]) -> list[tuple[str, str]]:
    return sorted(each.key for each in found)


def test_a_centre_that_is_well_raises_nothing() -> None:
    assert judge(facts(kiosk(), kiosk("bang-01", role="board")), Limits()) == []


@pytest.mark.parametrize(
    ("report", "rule"),
    [
        ({"slots": [{"role": "printer", "code": "paper_out"}]}, "paper_out"),
        ({"slots": [{"role": "printer", "code": "paper_low"}]}, "paper_low"),
        ({"slots": [{"role": "printer", "code": "ok", "paper_left": 59}]}, "paper_low"),
        ({"slots": [{"role": "printer", "code": "cover_open"}]}, "printer_fault"),
        ({"slots": [{"role": "printer", "state": "absent", "code": "ok"}]}, "printer_fault"),
        ({"page": {"age_s": 30}}, "page_dead"),
        ({"undervoltage": {"now": False, "since_boot": True}}, "undervoltage"),
        ({"temperature_c": 80}, "overheating"),
        ({"storage": {"errors": 1}}, "storage_errors"),
        ({"storage": {"read_only": True}}, "storage_errors"),
        ({"storage": {"writable": False}}, "storage_errors"),
        ({"clock": {"synced": False}}, "clock_unsynced"),
        ({"clock": {"synced": True, "skew_ms": -60_001}}, "clock_unsynced"),
        ({"spool": {"waiting": 2}}, "outbox_lag"),
    ],
)
def test_each_thing_a_device_tells_has_its_rule(report: dict[str, Any], rule: str) -> None:
    assert keys(judge(facts(kiosk(**report), kiosk("kiosk-02")), Limits())) == [(rule, "kiosk-01")]
    assert judge(facts(kiosk(**report), kiosk("kiosk-02")), Limits(off=frozenset({rule}))) == []


@pytest.mark.parametrize(
    "report",
    [
        {"slots": [{"role": "printer", "code": "ok", "paper_left": 60}]},
        {"slots": [{"role": "printer", "code": "busy"}, {"role": "led-1", "code": "timeout"}]},
        {"page": {"age_s": 29}},
        {"page": {}},
        {"temperature_c": 79},
        {"clock": {"synced": True, "skew_ms": 60_000}},
        {"clock": None, "storage": None, "spool": None, "undervoltage": None, "page": None, "temperature_c": None, "slots": None},
    ],
)
def test_just_below_the_limit_or_not_told_is_no_alert(report: dict[str, Any]) -> None:
    assert judge(facts(kiosk(**report)), Limits()) == []


def test_silence_counts_only_in_opening_hours_and_its_old_words_are_not_repeated() -> None:
    gone = kiosk(silent_s=121, slots=[{"role": "printer", "code": "paper_out"}])
    assert keys(judge(facts(gone, kiosk("kiosk-02")), Limits())) == [("kiosk_offline", "kiosk-01")]
    assert judge(facts(gone, kiosk("kiosk-02"), is_open=False), Limits()) == []
    assert judge(facts(kiosk(silent_s=120), kiosk("kiosk-02")), Limits()) == []


def test_where_nobody_is_heard_the_line_is_told_once() -> None:
    all_gone = (kiosk(silent_s=200), kiosk("kiosk-02", silent_s=190), kiosk("bang-01", role="board", silent_s=300))
    found = judge(facts(*all_gone, kiosk("ho-so", role="dossier", silent_s=400)), Limits())
    assert keys(found) == [("site_offline", "site")]
    assert found[0].since_ms == NOW - 190_000
    without = judge(facts(*all_gone), Limits(off=frozenset({"site_offline"})))
    assert keys(without) == [("board_offline", "bang-01"), ("kiosk_offline", "kiosk-01"), ("kiosk_offline", "kiosk-02")]
    assert keys(judge(facts(kiosk(silent_s=200)), Limits())) == [("kiosk_offline", "kiosk-01")]  # one machine is no line


def test_a_server_that_has_just_started_has_not_listened_yet_and_what_was_taken_away_is_forgotten() -> None:
    gone, here = kiosk(silent_s=600), kiosk("kiosk-02")
    assert judge(facts(gone, here, up_since_ms=NOW - 119_000), Limits()) == []
    assert keys(judge(facts(gone, here, up_since_ms=NOW - 120_000), Limits())) == [("kiosk_offline", "kiosk-01")]
    assert judge(facts(kiosk(silent_s=8 * 86_400), here), Limits()) == []


def test_queue_backup_and_certificates() -> None:
    found = judge(
        facts(
            waiting=(Waiting("ho-tich", 4, NOW - 1_801_000), Waiting("dat-dai", 1, NOW - 1_800_000)),
            backup_ms=NOW - 93_601_000,
            certificates={"server.crt": NOW + 29 * 86_400_000, "ca.crt": NOW + 31 * 86_400_000},
        ),
        Limits(),
    )
    assert keys(found) == [("backup_age", "server"), ("cert_expiry", "server.crt"), ("queue_wait_over", "ho-tich")]
    assert judge(facts(backup_ms=None), Limits()) == []
    assert keys(judge(facts(backup_ms=0), Limits())) == [("backup_age", "server")]


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_waits_its_time_and_is_over_after_its_time(rule: str) -> None:
    spec, key, finding = RULES[rule], (rule, "x"), Finding(rule, "x", NOW)
    result = step(Memory(), (), [finding], NOW)
    if spec.for_s:
        assert result.raised == ()
        result = step(result.memory, (), [finding], NOW + spec.for_s * 1000 - 1)
        assert result.raised == ()
        result = step(result.memory, (), [finding], NOW + spec.for_s * 1000)
    assert result.raised == (finding,)
    end = NOW + 3_600_000
    result = step(result.memory, (key,), [], end)
    if spec.keep_s:
        assert result.cleared == ()
        result = step(result.memory, (key,), [], end + spec.keep_s * 1000)
    assert result.cleared == (key,)
    assert result.memory == Memory()


def test_what_comes_and_goes_begins_anew_and_a_standing_alert_is_not_raised_twice() -> None:
    finding, key = Finding("printer_fault", "k", NOW), ("printer_fault", "k")
    first = step(Memory(), (), [finding], NOW)
    gone = step(first.memory, (), [], NOW + 60_000)
    again = step(gone.memory, (), [finding], NOW + 100_000)
    assert step(again.memory, (), [finding], NOW + 130_000).raised == ()
    assert step(Memory(), (key,), [finding], NOW).raised == ()
    flickers = step(Memory(), (key,), [], NOW)
    assert step(flickers.memory, (key,), [finding], NOW + 10_000).memory == Memory()


def test_a_rule_that_a_new_version_dropped_is_cleared() -> None:
    assert step(Memory(), (("no_such_rule", "x"),), [], NOW).cleared == (("no_such_rule", "x"),)


def test_every_rule_is_fired_by_something() -> None:
    """A row of the table without a finding would be a promise that nobody keeps."""
    everything = [
        kiosk(page={"age_s": 99}, undervoltage={"since_boot": True}, storage={"errors": 3}, clock={"synced": False}, temperature_c=99,
              spool={"waiting": 1}, slots=[{"role": "printer", "code": "paper_out"}, {"role": "printer-2", "code": "paper_low"},
                                           {"role": "printer-3", "code": "cutter"}]),
        kiosk("k2", silent_s=500), kiosk("b", role="board", silent_s=500), kiosk("d", role="dossier", silent_s=500),
        kiosk("d2", role="dossier", spool={"waiting": 1}),
    ]  # fmt: skip
    more = {"waiting": (Waiting("s", 1, LONG_AGO),), "backup_ms": 0, "certificates": {"c": 0}}
    found = {each.rule for each in judge(facts(*everything, **more), Limits())}
    found |= {each.rule for each in judge(facts(kiosk(silent_s=500), kiosk("k2", silent_s=500)), Limits())}
    assert found == set(RULES)
    assert {rule.severity for rule in RULES.values()} == {a.URGENT, a.LOOK}
