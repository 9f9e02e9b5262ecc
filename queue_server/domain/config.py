"""A site's configuration as the rules see it: one JSON document, checked and turned into values.

`parse(document)` refuses what it does not know, with a JSON pointer to the fault; defaults stand in the classes. Where
documents are kept, and who may change them, is not here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from queue_server.domain.calendar import Calendar, Window
from queue_server.domain.errors import Refusal, invalid

CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")
SERIES = re.compile(r"^[ACHKLMNX]{1,2}$")
KINDS = ("live", "pilot", "training", "demo")


@dataclass(frozen=True, slots=True)
class Service:
    """What people come for. `prior_gap_s` is the pace assumed before any is learned; `quota_day` None means no limit."""

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


@dataclass(frozen=True, slots=True)
class CounterSpec:
    """A desk. `services` None serves everything the site offers, in the order of the document."""

    code: str
    name: str
    zone: str | None = None
    services: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """A priority by law or custom; `from_age` lets the kiosk propose it, a person always decides."""

    code: str
    name: str
    names: Mapping[str, str] = field(default_factory=dict)
    credit_s: int = 1800
    from_age: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings a manager understands. Durations in seconds."""

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
    number_shown_s: int = 10
    number_shown_no_paper_s: int = 60
    idle_s: int = 60
    same_card_s: int = 60
    lease_count: int = 20  # numbers of each series that a kiosk keeps for a cut line; 0: none
    no_paper: str = "show"
    slip: str = "auto"
    leftovers: str = "expire"
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

    def calendar_of(self, service: str) -> Calendar:
        """The calendar of a service; without one it is open all day."""
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
    empty: dict[str, Any] = {"services": {}, "counters": {}, "calendars": {}, "priority_classes": {}, "policy": Policy()}
    site = _record(SiteConfig, {**document, **empty}, "")
    services = _table(Service, document.get("services"), "/services")
    counters = _table(CounterSpec, document.get("counters"), "/counters")
    classes = _table(PriorityClass, document.get("priority_classes", []), "/priority_classes")
    calendars = {name: _calendar(value, f"/calendars/{name}") for name, value in document.get("calendars", {}).items()}
    policy = _record(Policy, document.get("policy", {}), "/policy")
    values = {f.name: getattr(site, f.name) for f in fields(SiteConfig)}
    values |= {"services": services, "counters": counters, "calendars": calendars, "priority_classes": classes, "policy": policy}
    config = SiteConfig(**values)
    _check(config)
    return config


def _check(config: SiteConfig) -> None:
    """What no single record can know: that codes name something."""
    for n, service in enumerate(config.services.values()):
        if not SERIES.match(service.series):
            raise invalid(f"/services/{n}/series", "bad_series", "one or two of the letters A C H K L M N X")
        if service.calendar is not None and service.calendar not in config.calendars:
            raise invalid(f"/services/{n}/calendar", "unknown_calendar", f"no calendar {service.calendar!r}")
    for n, counter in enumerate(config.counters.values()):
        for code in counter.services or ():
            config.known_service(code, f"/counters/{n}/services")
    if config.help_service is not None:
        config.known_service(config.help_service, "/help_service")
    if config.policy.no_paper not in ("show", "refuse"):
        raise invalid("/policy/no_paper", "bad_value", "show or refuse")
    if config.policy.slip not in ("auto", "full", "short"):
        raise invalid("/policy/slip", "bad_value", "auto, full or short")
    if not config.services:
        raise invalid("/services", "empty", "at least one service")


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


def _calendar(value: Any, pointer: str) -> Calendar:
    try:
        weekly = {int(day): _windows(value["weekly"][day]) for day in value.get("weekly", {})}
        exceptions = {str(day): _windows(spans) for day, spans in value.get("exceptions", {}).items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise invalid(pointer, "bad_calendar", 'e.g. {"weekly": {"1": [["07:00", "11:30"]]}, "exceptions": {"2027-02-06": []}}') from None
    return Calendar(weekly, exceptions)


def _windows(rows: Any) -> tuple[Window, ...]:
    windows = tuple(sorted((_minutes(begin), _minutes(end)) for begin, end in rows))
    if any(begin >= end for begin, end in windows):
        raise ValueError("a window must end after it begins")
    return windows


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    value = int(hours) * 60 + int(minutes)
    if not 0 <= value <= 1440:
        raise ValueError("00:00 to 24:00")
    return value
