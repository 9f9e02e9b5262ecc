"""What is worth a person's attention at a centre, decided from facts alone: the table of rules, when each fires and when it is over.

PURE: no clock, no database, no words. `judge` says what is so now; `step` turns what is so into alerts that are raised and
cleared, because a printer that is opened for ten seconds is no reason to send somebody. The same rules for a province's
Prometheus lie in systemd/prometheus/.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

URGENT, LOOK = "urgent", "look"
Key = tuple[str, str]  # rule, subject


@dataclass(frozen=True, slots=True)
class Rule:
    """`for_s`: how long it must be so. `keep_s`: how long it must be over. `in_hours`: only while the centre is open."""

    severity: str
    for_s: int = 0
    keep_s: int = 30
    in_hours: bool = False


RULES: dict[str, Rule] = {
    "site_offline": Rule(URGENT, 60, 0, in_hours=True),
    "kiosk_offline": Rule(URGENT, 60, 0, in_hours=True),
    "board_offline": Rule(URGENT, 60, 0, in_hours=True),
    "feed_offline": Rule(LOOK, 300, 0, in_hours=True),
    "paper_out": Rule(URGENT),
    "paper_low": Rule(LOOK, 60, 300),
    "printer_fault": Rule(URGENT, 120),
    "page_dead": Rule(URGENT, 0, 60),
    "queue_wait_over": Rule(URGENT, 120, 120),
    "outbox_lag": Rule(LOOK, 300),
    "feed_lag": Rule(LOOK, 300),
    "clock_unsynced": Rule(LOOK, 1800, 60),
    "undervoltage": Rule(LOOK),
    "overheating": Rule(LOOK, 300, 300),
    "storage_errors": Rule(URGENT),
    "backup_age": Rule(LOOK, 0, 0),
    "cert_expiry": Rule(LOOK, 0, 0),
}
# Told when the server is back: nobody could say so while it was away.
SERVER_DOWN = "server_down"
OFFLINE = {"kiosk": "kiosk_offline", "board": "board_offline", "dossier": "feed_offline"}
PRINTER_WELL = ("ok", "busy", "paper_low", "paper_out", "overheat")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a site may set. Everything in its own unit."""

    offline_s: int = 120
    forgotten_s: int = 7 * 86_400  # a machine that was taken away is no news every morning
    queue_wait_over_s: int = 1800
    paper_low_slips: int = 60
    page_dead_s: int = 30
    too_hot_c: int = 80
    clock_off_ms: int = 60_000
    backup_age_s: int = 26 * 3600
    cert_expiry_s: int = 30 * 86_400
    off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Device:
    """A device that is expected to be there, as it last reported."""

    name: str
    role: str
    seen_ms: int
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    service: str
    count: int
    oldest_ms: int


@dataclass(frozen=True, slots=True)
class Facts:
    """A centre at one instant. `backup_ms` is None where nobody said where backups lie; 0 where there is none."""

    now_ms: int
    is_open: bool
    up_since_ms: int
    devices: tuple[Device, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    backup_ms: int | None = None
    certificates: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is so. `since_ms`: since when, as far as it is known. `detail` holds numbers and codes, never a name."""

    rule: str
    subject: str
    since_ms: int
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return (self.rule, self.subject)


# ---------------------------------------------------------------- what is so
def judge(facts: Facts, limits: Limits) -> list[Finding]:
    """Everything that is so now and whose rule counts at this hour."""
    found = [*_silence(facts, limits), *_reports(facts, limits), *_queue(facts, limits), *_server(facts, limits)]
    counts = {name for name, rule in RULES.items() if facts.is_open or not rule.in_hours} - limits.off
    return [each for each in found if each.rule in counts]


def _silent(device: Device, facts: Facts, limits: Limits) -> bool:
    return facts.now_ms - device.seen_ms > limits.offline_s * 1000


def _silence(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Who has not been heard. Where nobody at all is, the line of the house is what is broken, and that is told once; and a server
    that has only just started has not listened long enough to say."""
    if facts.now_ms - facts.up_since_ms < limits.offline_s * 1000:
        return
    known = [each for each in facts.devices if each.role in OFFLINE and facts.now_ms - each.seen_ms <= limits.forgotten_s * 1000]
    silent = [each for each in known if _silent(each, facts, limits)]
    machines = [each for each in known if each.role != "dossier"]
    if len(machines) > 1 and all(each in silent for each in machines):
        yield Finding("site_offline", "site", max(each.seen_ms for each in machines), {"devices": len(machines)})
        if "site_offline" not in limits.off:
            return
    for each in silent:
        yield Finding(OFFLINE[each.role], each.name, each.seen_ms, {"silent_s": (facts.now_ms - each.seen_ms) // 1000})


def _reports(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """What devices say of themselves. The word of one that is silent is old: its silence is told instead."""
    for device in facts.devices:
        if not _silent(device, facts, limits):
            yield from _paper(device, limits)
            yield from _board(device, limits)
            yield from _behind(device)


def _paper(device: Device, limits: Limits) -> Iterator[Finding]:
    for slot in device.report.get("slots") or ():
        if not str(slot.get("role", "")).startswith("printer"):
            continue
        code, left = str(slot.get("code") or "ok"), slot.get("paper_left")
        if code == "paper_out":
            yield Finding("paper_out", device.name, device.seen_ms)
        elif code == "paper_low" or (isinstance(left, int) and left < limits.paper_low_slips):
            yield Finding("paper_low", device.name, device.seen_ms, {} if left is None else {"slips": left})
        elif code not in PRINTER_WELL or slot.get("state") in ("absent", "lost", "backoff"):
            yield Finding("printer_fault", device.name, device.seen_ms, {"code": code if code != "ok" else str(slot["state"])})


def _board(device: Device, limits: Limits) -> Iterator[Finding]:
    told, seen = device.report, device.seen_ms
    page, storage, clock = told.get("page") or {}, told.get("storage") or {}, told.get("clock") or {}
    age_s = page.get("age_s")
    if age_s is not None and age_s >= limits.page_dead_s:
        yield Finding("page_dead", device.name, seen - age_s * 1000, {"age_s": age_s})
    if (told.get("undervoltage") or {}).get("since_boot"):
        yield Finding("undervoltage", device.name, seen)
    if (told.get("temperature_c") or 0) >= limits.too_hot_c:
        yield Finding("overheating", device.name, seen, {"temperature_c": told["temperature_c"]})
    faults = {
        "errors": storage.get("errors") or 0,
        "read_only": bool(storage.get("read_only")),
        "unwritable": storage.get("writable") is False,
    }
    if any(faults.values()):
        yield Finding("storage_errors", device.name, seen, faults)
    off_ms = abs(clock.get("skew_ms") or 0)
    if clock.get("synced") is False or off_ms > limits.clock_off_ms:
        yield Finding("clock_unsynced", device.name, seen, {"skew_ms": clock.get("skew_ms") or 0})


def _behind(device: Device) -> Iterator[Finding]:
    waiting = (device.report.get("spool") or {}).get("waiting") or 0
    if waiting:
        yield Finding("feed_lag" if device.role == "dossier" else "outbox_lag", device.name, device.seen_ms, {"waiting": waiting})


def _queue(facts: Facts, limits: Limits) -> Iterator[Finding]:
    for each in facts.waiting:
        waited_s = (facts.now_ms - each.oldest_ms) // 1000
        if waited_s > limits.queue_wait_over_s:
            yield Finding("queue_wait_over", each.service, each.oldest_ms, {"waited_s": waited_s, "waiting": each.count})


def _server(facts: Facts, limits: Limits) -> Iterator[Finding]:
    if facts.backup_ms is not None and facts.now_ms - facts.backup_ms > limits.backup_age_s * 1000:
        age_s = (facts.now_ms - facts.backup_ms) // 1000 if facts.backup_ms else None
        yield Finding("backup_age", "server", facts.backup_ms or facts.now_ms, {"age_s": age_s})
    for name, until_ms in sorted(facts.certificates.items()):
        left_s = (until_ms - facts.now_ms) // 1000
        if left_s < limits.cert_expiry_s:
            yield Finding("cert_expiry", name, facts.now_ms, {"left_s": left_s})


# ---------------------------------------------------------------- what follows
@dataclass(frozen=True, slots=True)
class Memory:
    """Since when each thing has been so without an alert yet, and since when what an alert says is no longer so."""

    so: Mapping[Key, int] = field(default_factory=dict)
    over: Mapping[Key, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    memory: Memory
    raised: tuple[Finding, ...] = ()
    cleared: tuple[Key, ...] = ()


def step(memory: Memory, standing: Iterable[Key], findings: Iterable[Finding], now_ms: int) -> Step:
    """What is to be raised and cleared. `standing` are the alerts that stand; a rule that is no more is cleared at once."""
    stands, found = set(standing), {each.key: each for each in findings}
    so = {key: memory.so.get(key, now_ms) for key in found if key not in stands}
    over = {key: memory.over.get(key, now_ms) for key in stands if key not in found}
    raised = tuple(found[key] for key, since in so.items() if now_ms - since >= RULES[key[0]].for_s * 1000)
    cleared = tuple(key for key, since in over.items() if key[0] not in RULES or now_ms - since >= RULES[key[0]].keep_s * 1000)
    left = {each.key for each in raised}
    return Step(
        Memory({key: at for key, at in so.items() if key not in left}, {key: at for key, at in over.items() if key not in cleared}),
        raised,
        cleared,
    )


def iter_limits() -> Iterable[str]:
    """The names of what a site may set, for whoever reads the file."""
    return (name for name in Limits.__dataclass_fields__ if name != "off")
