"""The configuration document: what it may say, what it says where it is silent, and a finger on every fault."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

import pytest

from queue_server.domain.calendar import Calendar
from queue_server.domain.config import KINDS, CounterSpec, Policy, PriorityClass, Service, SiteConfig, parse
from queue_server.domain.errors import Refusal

Document = dict[str, Any]

DOCUMENT: Document = {
    "name": "Trung tâm",
    "services": [
        {
            "code": "one", "name": "Một", "series": "A", "names": {"en": "One"}, "zone": "1", "calendar": "office", "quota_day": 40,
            "prior_gap_s": 240, "open": False, "on_kiosk": False, "procedures": ["1.001"], "field_code": "G15",
        },
        {"code": "two", "name": "Hai", "series": "HX"},
    ],
    "counters": [{"code": "1", "name": "Quầy 1", "zone": "1", "services": ["two", "one"]}, {"code": "2", "name": "Quầy 2"}],
    "calendars": {
        "office": {"weekly": {"1": [["13:30", "17:00"], ["07:05", "11:30"]]}, "exceptions": {"2026-11-24": [["00:00", "24:00"]]}},
    },
    "priority_classes": [{"code": "elderly", "name": "Người cao tuổi", "names": {"en": "Elderly"}, "credit_s": 900, "from_age": 60}],
    "policy": {"undo_s": 15, "no_paper": "refuse"},
    "utc_offset_min": 420,
    "public_url": "https://toiluot.example",
    "help_service": "two",
    "languages": ["vi"],
    "unit_code": "H48",
}  # fmt: skip
SHORT: Document = {"name": "N", "services": [{"code": "one", "name": "Một", "series": "A"}], "counters": [{"code": "1", "name": "Quầy"}]}


def test_a_full_document_says_what_it_says() -> None:
    config = parse(copy.deepcopy(DOCUMENT))
    assert config.services["one"] == Service(
        "one", "Một", "A", {"en": "One"}, "1", "office", 40, 240, open=False, on_kiosk=False, procedures=("1.001",), field_code="G15"
    )
    assert list(config.services) == ["one", "two"]
    assert config.counters == {"1": CounterSpec("1", "Quầy 1", "1", ("two", "one")), "2": CounterSpec("2", "Quầy 2")}
    morning, afternoon = (7 * 60 + 5, 11 * 60 + 30), (13 * 60 + 30, 17 * 60)
    assert config.calendars == {"office": Calendar({1: (morning, afternoon)}, {"2026-11-24": ((0, 1440),)})}
    assert config.priority_classes == {"elderly": PriorityClass("elderly", "Người cao tuổi", {"en": "Elderly"}, 900, 60)}
    assert (config.policy.undo_s, config.policy.no_paper, config.policy.guard_s) == (15, "refuse", 5)
    assert (config.name, config.public_url, config.help_service, config.unit_code) == ("Trung tâm", "https://toiluot.example", "two", "H48")
    assert (config.languages, config.utc_offset_min) == (("vi",), 420)


def test_what_a_short_document_leaves_out_has_these_values() -> None:
    config = parse(SHORT)
    assert asdict(config.services["one"]) == {
        "code": "one", "name": "Một", "series": "A", "names": {}, "zone": None, "calendar": None, "quota_day": None, "prior_gap_s": 300,
        "open": True, "on_kiosk": True, "procedures": (), "field_code": None,
        "slot_min": 0, "slot_seats": 1, "slot_days_ahead": 7, "remote": False,
        "quota_half_day": None, "issue_before_s": None, "absent": (), "temporary": False, "until": None, "depends_on": (),
    }  # fmt: skip
    assert asdict(config.counters["1"]) == {"code": "1", "name": "Quầy", "zone": None, "services": None}
    assert (config.calendars, config.priority_classes, config.policy) == ({}, {}, Policy())
    assert (config.utc_offset_min, config.languages) == (420, ("vi", "en"))
    assert (config.public_url, config.help_service, config.unit_code) == (None, None, None)
    assert PriorityClass("c", "C") == PriorityClass("c", "C", {}, 1800, None, None)


def test_the_policy_of_a_site_that_states_none() -> None:
    """As documented for managers; a change here is a change of every centre's day."""
    assert asdict(Policy()) == {
        "transfer_credit_s": 600, "appointment_credit_s": 1800, "long_wait_alarm_s": 2700, "holder_limit": 1,
        "recalls_before_no_show": 3, "undo_s": 10, "undo_no_show_s": 600, "readmit_s": 1800, "guard_s": 5, "confirm_s": 20,
            "dossiers_per_turn": 3, "dossier_codes": "any",
        "number_shown_s": 10, "number_shown_no_paper_s": 60, "idle_s": 60, "same_card_s": 60, "lease_count": 20,
        "no_paper": "show", "slip": "auto", "leftovers": "expire", "carry_credit_s": 1800,
        "warn_by_capacity": False, "stop_by_capacity": False, "standby": "", "standby_after_s": 0,
        "appointment_early_s": 1800, "appointment_late_s": 900, "appointment_contact": "optional", "holder_scope": "site",
        "taking_alarm_count": 30, "taking_alarm_s": 600, "rating_shown_s": 120, "targets_s": (900, 1800),
    }  # fmt: skip
    assert KINDS == ("live", "pilot", "training", "demo")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"slot_min": 4}, "/services/0/slot_min"),
        ({"slot_min": 481}, "/services/0/slot_min"),
        ({"slot_min": 30, "slot_seats": 0}, "/services/0/slot_min"),
        ({"slot_min": 30, "slot_days_ahead": 91}, "/services/0/slot_min"),
        ({"policy": {"appointment_contact": "never"}}, "/policy/appointment_contact"),
        ({"policy": {"holder_scope": "province"}}, "/policy/holder_scope"),
    ],
)
def test_booking_that_cannot_be_kept_is_refused(change: dict[str, Any], pointer: str) -> None:
    policy = change.pop("policy", {})
    document = {**SHORT, "services": [{**SHORT["services"][0], **change}], "policy": policy}
    with pytest.raises(Refusal) as no:
        parse(document)
    assert no.value.detail["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("targets", [[], [900, 900], [1800, 900], [0, 900], [1, 2, 3, 4, 5], 900, ["900"]])
def test_targets_that_cannot_be_are_refused(targets: Any) -> None:
    with pytest.raises(Refusal) as no:
        parse({**SHORT, "policy": {"targets_s": targets}})
    assert no.value.detail["errors"][0]["pointer"].startswith("/policy/targets_s")
    assert parse({**SHORT, "policy": {"targets_s": [1, 2, 3, 4]}}).policy.targets_s == (1, 2, 3, 4)


def test_a_version_is_compared_by_identity() -> None:
    """So that what was worked out for one version may be kept under it; a site's values themselves cannot change."""
    assert parse(SHORT) != parse(SHORT)
    assert len({parse(SHORT), parse(SHORT)}) == 2
    assert {f.name for f in fields(SiteConfig)} >= set(DOCUMENT)


def test_what_a_counter_serves_and_when() -> None:
    config = parse(DOCUMENT)
    assert config.served_by("1") == ("two", "one")
    assert config.served_by("2") == ("one", "two")
    assert config.calendar_of("one") is config.calendars["office"]
    assert config.calendar_of("two") == Calendar()
    assert config.known_service("one") is config.services["one"]
    assert config.known_counter("2") is config.counters["2"]


def test_codes_that_name_nothing() -> None:
    config = parse(DOCUMENT)
    with pytest.raises(Refusal) as refused:
        config.known_service("three")
    assert refused.value.detail == {
        "errors": [{"pointer": "/service", "code": "unknown_service", "detail": "no service 'three' here; see GET /services"}]
    }
    with pytest.raises(Refusal) as refused:
        config.known_counter("9")
    assert (refused.value.code, refused.value.detail) == ("not_found", {"what": "counter"})


Change = Callable[[Document], Any]
MANY = 1_000_000


def put(*path: Any) -> Change:
    """A change that puts the last of `path` where the others lead."""

    def change(document: Document) -> None:
        place: Any = document
        for step in path[:-2]:
            place = place[step]
        place[path[-2]] = path[-1]

    return change


BAD_CALENDAR = 'e.g. {"weekly": {"1": [["07:00", "11:30"]]}, "exceptions": {"2027-02-06": []}}'
PERCENT = "1 to 100 percent"
A_DATE, AN_INSTANT = "a date, e.g. 2027-02-06", "an instant in the time of the site, e.g. 2027-02-06T17:00:00+07:00"
OBJECT, TEXTS, RANGE = "an object is expected", "a list of texts is expected", "0 to 1,000,000"
CODE = "letters, digits, . _ - and at most 32 of them"
FAULTS: dict[str, tuple[Change, str, str, str]] = {
    "unknown setting": (put("colour", "red"), "/colour", "unknown_field", "not a setting we know"),
    "unknown setting of a service": (put("services", 0, "colour", 1), "/services/0/colour", "unknown_field", "not a setting we know"),
    "unknown policy": (put("policy", "x", 1), "/policy/x", "unknown_field", "not a setting we know"),
    "a name missing": (lambda d: d.pop("name"), "", "missing", "missing 1 required positional argument: 'name'"),
    "a series missing": (
        lambda d: d["services"][1].pop("series"), "/services/1", "missing", "missing 1 required positional argument: 'series'",
    ),
    "services no list": (put("services", {}), "/services", "wrong_type", "a list is expected"),
    "counters left out": (lambda d: d.pop("counters"), "/counters", "wrong_type", "a list is expected"),
    "classes no list": (put("priority_classes", None), "/priority_classes", "wrong_type", "a list is expected"),
    "no service at all": (lambda d: d.update(services=[], counters=[], help_service=None), "/services", "empty", "at least one service"),
    "a service that is a text": (put("services", 1, "x"), "/services/1", "wrong_type", OBJECT),
    "policy a list": (put("policy", []), "/policy", "wrong_type", OBJECT),
    "a bad code": (put("services", 1, "code", "-x"), "/services/1/code", "bad_code", CODE),
    "too long a code": (put("counters", 0, "code", "x" * 33), "/counters/0/code", "bad_code", CODE),
    "one code twice": (put("services", 1, "code", "one"), "/services/1/code", "twice", "'one' stands twice"),
    "a letter one cannot hear": (
        put("services", 1, "series", "B"), "/services/1/series", "bad_series", "one or two of the letters A C H K L M N X",
    ),
    "three letters": (put("services", 0, "series", "AAA"), "/services/0/series", "bad_series", "one or two of the letters A C H K L M N X"),
    "a calendar that is not there": (
        put("services", 0, "calendar", "night"), "/services/0/calendar", "unknown_calendar", "no calendar 'night'",
    ),
    "a counter for nothing": (
        put("counters", 0, "services", ["three"]), "/counters/0/services", "unknown_service", "no service 'three' here; see GET /services",
    ),
    "help from nobody": (put("help_service", "x"), "/help_service", "unknown_service", "no service 'x' here; see GET /services"),
    "a slip of another length": (put("policy", "slip", "tiny"), "/policy/slip", "bad_value", "auto, full or short"),
    "a third way without paper": (put("policy", "no_paper", "guess"), "/policy/no_paper", "bad_value", "show or refuse"),
    "a number for a text": (put("name", 7), "/name", "wrong_type", "str is expected"),
    "a number for a zone": (put("services", 0, "zone", 7), "/services/0/zone", "wrong_type", "str | None is expected"),
    "a text for a number": (put("policy", "undo_s", "10"), "/policy/undo_s", "wrong_type", "int is expected"),
    "a truth for a number": (put("policy", "undo_s", True), "/policy/undo_s", "wrong_type", "int is expected"),
    "a truth for a quota": (put("services", 0, "quota_day", True), "/services/0/quota_day", "wrong_type", "int | None is expected"),
    "a text for a quota": (put("services", 0, "quota_day", "4"), "/services/0/quota_day", "wrong_type", "int | None is expected"),
    "a number for a truth": (put("services", 0, "open", 1), "/services/0/open", "wrong_type", "bool is expected"),
    "names as a list": (put("services", 0, "names", []), "/services/0/names", "wrong_type", "Mapping[str, str] is expected"),
    "below nothing": (put("policy", "undo_s", -1), "/policy/undo_s", "out_of_range", RANGE),
    "more leased numbers than the band has for all kiosks": (
        put("policy", "lease_count", 51), "/policy/lease_count", "out_of_range",
        "0 to 50: the band of leased numbers is shared by all kiosks",
    ),
    "beyond a million": (put("policy", "undo_s", MANY + 1), "/policy/undo_s", "out_of_range", RANGE),
    "too long a name": (put("services", 0, "name", "x" * 1201), "/services/0/name", "too_long", "at most 1,200 characters"),
    "procedures as a text": (put("services", 0, "procedures", "1.001"), "/services/0/procedures", "wrong_type", TEXTS),
    "procedures as numbers": (put("services", 0, "procedures", [1]), "/services/0/procedures", "wrong_type", TEXTS),
    "procedures left to chance": (put("services", 0, "procedures", None), "/services/0/procedures", "wrong_type", TEXTS),
    "calendars as a list": (put("calendars", []), "/calendars", "wrong_type", OBJECT),
    "leftovers thrown away": (put("policy", "leftovers", "lose"), "/policy/leftovers", "bad_value", "expire or carry"),
    "a share above all": (put("priority_classes", 0, "cap_share", 101), "/priority_classes/0/cap_share", "out_of_range", PERCENT),
    "a share of nothing": (put("priority_classes", 0, "cap_share", 0), "/priority_classes/0/cap_share", "out_of_range", PERCENT),
    "one half-day": (
        put("services", 0, "quota_half_day", [5]), "/services/0/quota_half_day", "bad_value", "two numbers: morning and afternoon",
    ),
    "a half-day in words": (
        put("services", 0, "quota_half_day", [5, "many"]), "/services/0/quota_half_day/1", "wrong_type", "int is expected",
    ),
    "half-days as a number": (put("services", 0, "quota_half_day", 5), "/services/0/quota_half_day", "wrong_type", "a list is expected"),
    "absent as a text": (put("services", 0, "absent", "today"), "/services/0/absent", "wrong_type", "a list is expected"),
    "absent in a word": (put("services", 0, "absent", ["today"]), "/services/0/absent/0", "wrong_type", OBJECT),
    "absent for what": (
        put("services", 0, "absent", [{"from": "2026-11-24", "who": "x"}]), "/services/0/absent/0/who", "unknown_field",
        "not a setting we know",
    ),
    "absent since when": (put("services", 0, "absent", [{}]), "/services/0/absent/0/from", "bad_date", A_DATE),
    "absent on no day": (
        put("services", 0, "absent", [{"from": "2026-11-24", "to": "2026-02-30"}]), "/services/0/absent/0/to", "bad_date", A_DATE,
    ),
    "absent for a week": (put("services", 0, "absent", [{"from": "2026-W48"}]), "/services/0/absent/0/from", "bad_date", A_DATE),
    "absent backwards": (
        put("services", 0, "absent", [{"from": "2026-11-24", "to": "2026-11-23"}]), "/services/0/absent/0/to", "bad_value",
        "not before it begins",
    ),
    "absent at night": (
        put("services", 0, "absent", [{"from": "2026-11-24", "half": "night"}]), "/services/0/absent/0/half", "bad_value",
        "am, pm or left out",
    ),
    "a note too long": (
        put("services", 0, "absent", [{"from": "2026-11-24", "note": "x" * 121}]), "/services/0/absent/0/note", "bad_value",
        "a text of at most 120 characters",
    ),
    "a note that is none": (
        put("services", 0, "absent", [{"from": "2026-11-24", "note": 7}]), "/services/0/absent/0/note", "bad_value",
        "a text of at most 120 characters",
    ),
    "until sometime": (put("services", 0, "until", "soon"), "/services/0/until", "bad_time", AN_INSTANT),
    "until, by another clock": (put("services", 0, "until", "2026-11-24T17:00:00Z"), "/services/0/until", "bad_time", AN_INSTANT),
    "until the end of days": (put("services", 0, "until", "9999-12-31T17:00:00+07:00"), "/services/0/until", "bad_time", AN_INSTANT),
    "an exception on no day": (
        put("calendars", "office", "exceptions", {"tomorrow": []}), "/calendars/office", "bad_calendar", BAD_CALENDAR,
    ),
    "a calendar as a list": (put("calendars", "office", []), "/calendars/office", "bad_calendar", BAD_CALENDAR),
    "a day with no number": (put("calendars", "office", "weekly", {"Monday": []}), "/calendars/office", "bad_calendar", BAD_CALENDAR),
    "windows left out": (put("calendars", "office", "weekly", {"1": None}), "/calendars/office", "bad_calendar", BAD_CALENDAR),
    "a window without an end": (put("calendars", "office", "weekly", "1", [["07:00"]]), "/calendars/office", "bad_calendar", BAD_CALENDAR),
    "a window that is none": (
        put("calendars", "office", "weekly", "1", [["07:00", "07:00"]]), "/calendars/office", "bad_calendar", BAD_CALENDAR,
    ),
    "a time without minutes": (put("calendars", "office", "weekly", "1", [["7", "8"]]), "/calendars/office", "bad_calendar", BAD_CALENDAR),
    "later than midnight": (
        put("calendars", "office", "weekly", "1", [["07:00", "24:01"]]), "/calendars/office", "bad_calendar", BAD_CALENDAR,
    ),
    "earlier than midnight": (
        put("calendars", "office", "weekly", "1", [["-1:00", "07:00"]]), "/calendars/office", "bad_calendar", BAD_CALENDAR,
    ),
    "a minute before midnight": (
        put("calendars", "office", "weekly", "1", [["00:-1", "07:00"]]), "/calendars/office", "bad_calendar", BAD_CALENDAR,
    ),
    "a bad exception": (put("calendars", "office", "exceptions", {"x": 1}), "/calendars/office", "bad_calendar", BAD_CALENDAR),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_pointed_at(fault: str) -> None:
    change, pointer, code, detail = FAULTS[fault]
    document = copy.deepcopy(DOCUMENT)
    change(document)
    with pytest.raises(Refusal) as refused:
        parse(document)
    assert refused.value.code == "invalid"
    assert refused.value.detail == {"errors": [{"pointer": pointer, "code": code, "detail": detail}]}


@pytest.mark.parametrize("document", [None, [], "x"])
def test_what_is_no_document_is_refused(document: Any) -> None:
    with pytest.raises(Refusal) as refused:
        parse(document)
    assert refused.value.detail == {"errors": [{"pointer": "", "code": "wrong_type", "detail": OBJECT}]}


@pytest.mark.parametrize(
    "change",
    [
        put("policy", "undo_s", 0),
        put("policy", "undo_s", MANY),
        put("services", 0, "name", "x" * 1200),
        put("counters", 0, "code", "x" * 32),
        put("counters", 0, "code", "A.b_c-9"),
        put("services", 0, "quota_day", None),
        put("services", 0, "quota_half_day", None),
        put("services", 0, "quota_half_day", [0, 40]),
        put("services", 0, "absent", [{"from": "2026-11-24", "to": "2026-11-24", "half": "pm", "note": "x" * 120}]),
        put("services", 0, "absent", [{"from": "2026-11-24", "to": None, "note": None}]),
        put("services", 0, "until", None),
        put("services", 0, "until", "2026-11-24T17:00:00+07:00"),
        put("priority_classes", 0, "cap_share", 1),
        put("priority_classes", 0, "cap_share", 100),
        put("policy", "leftovers", "carry"),
        put("services", 0, "procedures", ("1.001",)),
        put("counters", 0, "services", None),
        put("calendars", "office", {}),
        put("calendars", "office", "weekly", {}),
        put("policy", "no_paper", "show"),
        put("help_service", None),
    ],
)
def test_what_is_just_allowed(change: Change) -> None:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    parse(document)


@pytest.mark.parametrize("value", [Policy(), CounterSpec("1", "x"), PriorityClass("c", "C"), Service("one", "Một", "A"), parse(SHORT)])
def test_settings_cannot_change_under_anyone(value: Any) -> None:
    with pytest.raises(AttributeError):
        setattr(value, fields(value)[0].name, "other")


def test_without_an_end_a_service_is_closed_when_it_is_absent_and_no_more() -> None:
    assert Service("one", "Một", "A").closures == ()
    assert len(Service("one", "Một", "A", until="2026-11-24T11:30:00+07:00").closures) > 0
