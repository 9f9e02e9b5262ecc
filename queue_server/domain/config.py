"""A site's configuration as the rules see it: one JSON document, checked and turned into values.

`parse(document)` refuses what it does not know, with a JSON pointer to the fault; defaults stand in the classes. Where
documents are kept, and who may change them, is not here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any

from queue_server.domain import dossier_state, hours, online
from queue_server.domain.calendar import HALVES, Calendar, Closure
from queue_server.domain.errors import Refusal, invalid

CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")
SERIES = re.compile(r"^[ACHKLMNX]{1,2}$")
KINDS = ("live", "pilot", "training", "demo")
WORDS = {  # settings of the policy that are one of a few words
    "leftovers": ("expire", "carry"),
    "no_paper": ("show", "refuse"),
    "slip": ("auto", "full", "short"),
    "dossier_codes": ("any", "known"),
    "appointment_contact": ("optional", "required"),
    "holder_scope": ("site", "centre"),
}
TARGETS_MOST = 4
LEASE_MOST = 50  # of the 200 leased numbers a series has in a day: four kiosks can be cut off at once


@dataclass(frozen=True, slots=True)
class Service:
    """What people come for. `prior_gap_s` is the pace assumed before any is learned. Quotas count the numbers taken for it, per
    day and per half-day (morning, afternoon); None means no limit. `issue_before_s`: how long before an opening numbers may
    be taken; None is the whole day. `absent`: when its officer is not in. `until`: a temporary service ends at this instant."""

    code: str
    name: str
    series: str
    names: Mapping[str, str] = field(default_factory=dict)
    zone: str | None = None
    calendar: str | None = None
    quota_day: int | None = None
    prior_gap_s: int = 300
    open: bool = True
    on_kiosk: bool = True
    procedures: tuple[str, ...] = ()
    field_code: str | None = None
    slot_min: int = 0  # appointments: the length of a slot; 0: none
    slot_seats: int = 1  # people per slot
    slot_days_ahead: int = 7
    remote: bool = False  # whether a number may be taken from afar; it goes live at check-in
    quota_half_day: tuple[int, ...] | None = None
    issue_before_s: int | None = None
    absent: tuple[Closure, ...] = ()
    temporary: bool = False
    until: str | None = None
    depends_on: tuple[str, ...] = ()  # outside systems without which it cannot be done

    @property
    def closures(self) -> tuple[Closure, ...]:
        """Every date and time on which it is not served although the house is open."""
        if self.until is None:
            return self.absent
        ends = datetime.fromisoformat(self.until)
        last_day = Closure(ends.date().isoformat(), ends.date().isoformat(), ends.hour * 60 + ends.minute)
        after = Closure(date.fromordinal(ends.toordinal() + 1).isoformat(), "9999-12-31")
        return (*self.absent, last_day, after)


@dataclass(frozen=True, slots=True)
class CounterSpec:
    """A desk. `services` None serves everything the site offers, in the order of the document."""

    code: str
    name: str
    zone: str | None = None
    services: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class OutsideSystem:
    """A system of somebody else's that work at the counters needs; its outages are marked."""

    code: str
    name: str


SYSTEMS = {
    each.code: each
    for each in (
        OutsideSystem("ho_tich", "Hộ tịch"),
        OutsideSystem("vneid", "VNeID"),
        OutsideSystem("dkkd", "Đăng ký kinh doanh"),
        OutsideSystem("dvcqg", "Cổng Dịch vụ công"),
    )
}


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """A priority by law or custom; `from_age` lets the kiosk propose it, a person always decides. `cap_share`: from this
    share of the last hour's calls on, in percent, further people of the class get no credit until it is lower; None: no cap."""

    code: str
    name: str
    names: Mapping[str, str] = field(default_factory=dict)
    credit_s: int = 1800
    from_age: int | None = None
    cap_share: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings a manager understands. Durations in seconds. What each one does stands in `docs/policy.md`."""

    transfer_credit_s: int = 600
    appointment_credit_s: int = 1800
    long_wait_alarm_s: int = 2700
    holder_limit: int = 1
    recalls_before_no_show: int = 3
    undo_s: int = 10
    undo_no_show_s: int = 600
    readmit_s: int = 1800
    guard_s: int = 5
    confirm_s: int = 20
    dossiers_per_turn: int = 3  # who has brought more waits again with the same slip; 0: no limit
    dossier_codes: str = "any"  # or known: codes of neither form in use are refused
    number_shown_s: int = 10
    number_shown_no_paper_s: int = 60
    idle_s: int = 60
    same_card_s: int = 60
    appointment_early_s: int = 1800  # how long before the slot its holder may check in
    appointment_late_s: int = 900  # and how long after its beginning the credit still counts
    appointment_contact: str = "optional"  # or required: one booking at a time per contact
    holder_scope: str = "site"  # or centre: one live number per card over all sites of this database
    taking_alarm_count: int = 30  # numbers from one device within taking_alarm_s, or four of one card in a day, are looked at
    taking_alarm_s: int = 600
    rating_shown_s: int = 120  # how long the four faces ask after a visit has ended
    lease_count: int = 20  # numbers of each series that a kiosk keeps for a cut line; 0: none
    no_paper: str = "show"
    slip: str = "auto"
    leftovers: str = "expire"
    carry_credit_s: int = 1800  # what who was not served yesterday has beside the time waited then
    warn_by_capacity: bool = False  # the kiosk asks once where a number may not be served before closing
    stop_by_capacity: bool = False  # and none is given where those who wait already fill the time left
    targets_s: tuple[int, ...] = (900, 1800)  # the waits within which the share of people is published
    standby: str = ""  # the one standby that may take over, by its name
    standby_after_s: int = 0  # and after how long a silence it does so alone; 0: only a person promotes it


@dataclass(frozen=True, slots=True, eq=False)
class SiteConfig:
    """The configuration in force. Compared by identity: one version is parsed once."""

    name: str
    services: Mapping[str, Service]
    counters: Mapping[str, CounterSpec]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    priority_classes: Mapping[str, PriorityClass] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    utc_offset_min: int = 420
    public_url: str | None = None
    help_service: str | None = None
    languages: tuple[str, ...] = ("vi", "en")
    unit_code: str | None = None
    online: Mapping[str, str] = field(default_factory=dict)  # what could be done online, by code of service or procedure
    outage_systems: Mapping[str, OutsideSystem] = field(default_factory=lambda: SYSTEMS)
    dossier_steps: Mapping[int, dossier_state.Step] = field(default_factory=dict)  # what the holder of a dossier does, by its state

    def calendar_of(self, service: str) -> Calendar:
        """The calendar of a service, less the times at which its officer is not in; without one it is open all day."""
        offered, planned = self.services[service], self.planned(service)
        return replace(planned, closures=offered.closures) if offered.absent or offered.until else planned

    def planned(self, service: str) -> Calendar:
        """The calendar of a service as if its officer were always in."""
        name = self.services[service].calendar
        return self.calendars[name] if name else Calendar()

    def served_by(self, counter: str) -> tuple[str, ...]:
        """The services a counter serves, in order of preference."""
        own = self.counters[counter].services
        return tuple(self.services) if own is None else own

    def known_service(self, code: str, pointer: str = "/service") -> Service:
        """The service of this code, or a refusal that points at it."""
        if code not in self.services:
            raise invalid(pointer, "unknown_service", f"no service {code!r} here; see GET /services")
        return self.services[code]

    def known_counter(self, code: str) -> CounterSpec:
        """The counter of this code, or `not_found`."""
        if code not in self.counters:
            raise Refusal("not_found", what="counter")
        return self.counters[code]


def parse(document: Mapping[str, Any]) -> SiteConfig:
    """The configuration of a document; `Refusal(invalid)` with a pointer to the first fault."""
    if not isinstance(document, Mapping):
        raise invalid("", "wrong_type", "an object is expected")
    empty: dict[str, Any] = {
        "services": {},
        "counters": {},
        "calendars": {},
        "priority_classes": {},
        "policy": Policy(),
        "outage_systems": {},
    }
    site = _record(SiteConfig, {**document, **empty}, "")
    services = _table(Service, document.get("services"), "/services")
    counters = _table(CounterSpec, document.get("counters"), "/counters")
    classes = _table(PriorityClass, document.get("priority_classes", []), "/priority_classes")
    calendars = hours.calendars(document.get("calendars", {}))
    policy = _record(Policy, document.get("policy", {}), "/policy")
    values = {f.name: getattr(site, f.name) for f in fields(SiteConfig)}
    values |= {"services": services, "counters": counters, "calendars": calendars, "priority_classes": classes, "policy": policy}
    values["outage_systems"] = (
        _table(OutsideSystem, document["outage_systems"], "/outage_systems") if "outage_systems" in document else SYSTEMS
    )
    values["dossier_steps"] = dossier_state.steps(document.get("dossier_steps", {}))
    config = SiteConfig(**values)
    _check(config)
    return config


def _check(config: SiteConfig) -> None:
    """What no single record can know: that codes name something."""
    for n, service in enumerate(config.services.values()):
        _check_service(config, service, f"/services/{n}")
    for n, counter in enumerate(config.counters.values()):
        for code in counter.services or ():
            config.known_service(code, f"/counters/{n}/services")
    if config.help_service is not None:
        config.known_service(config.help_service, "/help_service")
    _check_online(config.online)
    _check_policy(config)
    if not config.services:
        raise invalid("/services", "empty", "at least one service")


def _check_online(marks: Mapping[str, str]) -> None:
    for code, mark in marks.items():
        if not CODE.match(code) or mark not in online.MARKS:
            raise invalid(f"/online/{code[:32]}", "bad_value", f"{', '.join(online.MARKS[:-1])} or {online.MARKS[-1]}, by a code")


def _check_policy(config: SiteConfig) -> None:
    targets = config.policy.targets_s
    if not 1 <= len(targets) <= TARGETS_MOST or list(targets) != sorted(set(targets)) or targets[0] < 1:
        raise invalid("/policy/targets_s", "bad_value", f"one to {TARGETS_MOST} rising numbers of seconds")
    for n, named in enumerate(config.priority_classes.values()):
        if named.cap_share is not None and not 1 <= named.cap_share <= 100:
            raise invalid(f"/priority_classes/{n}/cap_share", "out_of_range", "1 to 100 percent")
    for name, words in WORDS.items():
        if getattr(config.policy, name) not in words:
            raise invalid(f"/policy/{name}", "bad_value", " or ".join((", ".join(words[:-1]), words[-1])))
    if config.policy.lease_count > LEASE_MOST:
        raise invalid("/policy/lease_count", "out_of_range", f"0 to {LEASE_MOST}: the band of leased numbers is shared by all kiosks")


def _check_service(config: SiteConfig, service: Service, pointer: str) -> None:
    if not SERIES.match(service.series):
        raise invalid(f"{pointer}/series", "bad_series", "one or two of the letters A C H K L M N X")
    if service.calendar is not None and service.calendar not in config.calendars:
        raise invalid(f"{pointer}/calendar", "unknown_calendar", f"no calendar {service.calendar!r}")
    if service.quota_half_day is not None and len(service.quota_half_day) != len(HALVES):
        raise invalid(f"{pointer}/quota_half_day", "bad_value", "two numbers: morning and afternoon")
    hours.check_until(service.until, f"{pointer}/until", config.utc_offset_min)
    for system in service.depends_on:
        if system not in config.outage_systems:
            raise invalid(f"{pointer}/depends_on", "unknown_system", f"no outside system {system!r} in outage_systems")
    if service.slot_min and not (5 <= service.slot_min <= 480 and service.slot_seats >= 1 and service.slot_days_ahead <= 90):
        raise invalid(f"{pointer}/slot_min", "bad_slots", "slots of 5 to 480 minutes, at least one seat, at most 90 days ahead")


def _table(kind: type[Any], rows: Any, pointer: str) -> dict[str, Any]:
    if not isinstance(rows, list):
        raise invalid(pointer, "wrong_type", "a list is expected")
    table: dict[str, Any] = {}
    for n, row in enumerate(rows):
        record = _record(kind, row, f"{pointer}/{n}")
        if not CODE.match(record.code):
            raise invalid(f"{pointer}/{n}/code", "bad_code", "letters, digits, . _ - and at most 32 of them")
        if record.code in table:
            raise invalid(f"{pointer}/{n}/code", "twice", f"{record.code!r} stands twice")
        table[record.code] = record
    return table


def _record(kind: type[Any], row: Any, pointer: str) -> Any:
    if not isinstance(row, Mapping):
        raise invalid(pointer, "wrong_type", "an object is expected")
    known = {f.name: str(f.type) for f in fields(kind)}
    for name in row:
        if name not in known:
            raise invalid(f"{pointer}/{name}", "unknown_field", "not a setting we know")
    values = {name: _value(known[name], value, f"{pointer}/{name}") for name, value in row.items()}
    try:
        return kind(**values)
    except TypeError as missing:
        raise invalid(pointer, "missing", str(missing).partition("() ")[2]) from None


_CHECKS: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "str | None": (str, type(None)),
    "bool": bool,
    "int": int,
    "int | None": (int, type(None)),
    "Mapping[str, str]": Mapping,
    "Policy": Policy,
}


def _value(kind: str, value: Any, pointer: str) -> Any:
    """One setting, of the type its annotation names."""
    if kind.startswith("tuple[Closure"):
        return hours.absences(value, pointer)
    if kind.startswith("tuple[int"):
        numbers = () if value is None else hours.listed(value, pointer)
        return None if value is None else tuple(_value("int", each, f"{pointer}/{n}") for n, each in enumerate(numbers))
    if kind.startswith("tuple"):
        if value is None and kind.endswith("None"):
            return None
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise invalid(pointer, "wrong_type", "a list of texts is expected")
        return tuple(value)
    wanted = _CHECKS.get(kind, Mapping)
    if not isinstance(value, wanted) or (kind.startswith("int") and isinstance(value, bool)):
        raise invalid(pointer, "wrong_type", f"{kind} is expected")
    if isinstance(value, int) and not 0 <= value <= 1_000_000:
        raise invalid(pointer, "out_of_range", "0 to 1,000,000")
    if isinstance(value, str) and len(value) > 1200:
        raise invalid(pointer, "too_long", "at most 1,200 characters")
    return value
