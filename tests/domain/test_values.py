"""The log's row, who acts, how the rules say no, and the tables that others rely on: held against copies by hand."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from queue_server.domain import diagram, metrics, numbering, ticket, visit
from queue_server.domain.errors import illegal, invalid
from queue_server.domain.event import FAMILIES, HASHED, Event, canonical, chain_hash, position
from queue_server.domain.principal import PERSON_ROLES, ROLES, SCOPES, SYSTEM, Principal

ROW = Event("S", 1, 2, 1000, "issued", "ticket:t", "2026-11-23", "c", "key:k", 3, {"b": "ễ", "a": [1, None]}, "t", "A007", "one", "4")
ROOT = Path(__file__).parents[2]


# ---------------------------------------------------------------- the log's row
def test_the_canonical_form_is_the_standards() -> None:
    assert canonical({"b": "ễ", "a": [1, None, True]}) == '{"a":[1,null,true],"b":"ễ"}'
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))


def test_a_rows_hash_covers_everything_and_the_row_before() -> None:
    text = json.dumps(
        {
            "site": "S", "epoch": 1, "seq": 2, "at": 1000, "type": "issued", "subject": "ticket:t", "business_day": "2026-11-23",
            "cmd": "c", "actor": "key:k", "config_version": 3, "data": {"b": "ễ", "a": [1, None]}, "ticket": "t", "label": "A007",
            "service": "one", "counter": "4",
        },
        ensure_ascii=False, sort_keys=True, separators=(",", ":"),
    )  # fmt: skip
    assert chain_hash("before", ROW) == hashlib.sha256(("before" + text).encode()).hexdigest()
    assert set(HASHED) == {f.name for f in fields(Event)} - {"hash"}


def test_a_row_of_nothing_but_what_it_must_have() -> None:
    bare = Event("S", 1, 2, 1000, "day.opened", "day:x", "x", "c", "system:server", 1)
    assert (bare.data, bare.ticket, bare.label, bare.service, bare.counter, bare.hash) == ({}, None, None, None, None, "")
    assert position(2, 17) == "2-17"
    assert FAMILIES == ("counter", "day", "site", "config", "lease", "notice", "outage", "device", "appointment", "help", "hall")


# ---------------------------------------------------------------- who acts
def test_a_permission_is_held_or_not_and_admin_holds_all() -> None:
    clerk = Principal("person", "7", ("S",), frozenset({"call"}))
    assert (clerk.may("call"), clerk.may("issue"), clerk.actor, clerk.role, clerk.name) == (True, False, "person:7", "", "")
    assert Principal("key", "1", (), frozenset({"admin"})).may("issue")
    assert Principal("system", "server", (), frozenset({"admin"})) == SYSTEM
    assert (SYSTEM.actor, SYSTEM.may("read")) == ("system:server", True)


def test_each_role_may_what_was_agreed_and_nothing_more() -> None:
    agreed = {
        "director": "read feed manage fleet", "deputy": "read feed manage fleet", "control": "read feed manage",
        "site_head": "read feed manage issue call fleet", "clerk": "read feed call", "attendant": "read feed issue",
        "technician": "read feed fleet", "auditor": "read feed", "kiosk": "issue read", "board": "board", "keypad": "call",
        "server": "feed read",
    }  # fmt: skip
    assert {role: set(may.split()) for role, may in agreed.items()} == {role: set(may) for role, may in ROLES.items()}
    assert PERSON_ROLES == ("director", "deputy", "control", "site_head", "clerk", "attendant", "technician", "auditor")
    assert SCOPES == ("issue", "call", "read", "feed", "fleet", "manage", "admin")


# ---------------------------------------------------------------- no
def test_a_refusal_says_what_and_from_where_it_would_do() -> None:
    no = illegal("serve", "waiting", ("held", "called"))
    assert (str(no), no.code) == ("illegal_transition", "illegal_transition")
    assert no.detail == {"command": "serve", "state": "waiting", "allowed_from": ["called", "held"]}
    assert invalid("/a", "bad", "words").detail == {"errors": [{"pointer": "/a", "code": "bad", "detail": "words"}]}


# ---------------------------------------------------------------- words of the contract
def test_the_words_of_the_contract() -> None:
    assert visit.STATES == ("waiting", "called", "serving", "held", "completed", "no_show", "cancelled", "expired", "moved")
    assert {"waiting", "called", "serving", "held"} == visit.LIVE
    assert {"called", "serving"} == visit.AT_COUNTER
    assert visit.OUTCOMES == ("done", "incomplete", "referred", "left", "refused_service", "not_needed")
    assert visit.PRINTS == ("pending", "printed", "sent_unconfirmed", "not_sent", "unknown", "none")
    assert {"A", "C", "H", "K", "L", "M", "N", "X"} == set(numbering.LETTERS)
    assert (numbering.RESERVE_FIRST, numbering.RESERVE_LAST, numbering.EPOCH_JUMP) == (700, 999, 200)
    assert numbering.PAPER_FIRST == 900


def test_every_published_figure_is_defined_in_these_words() -> None:
    """Readers of the figures rely on the words: who changes one changes this sum, and the rules' number where a figure moves."""
    assert len(metrics.DEFINITIONS) == 34
    words = hashlib.sha256(canonical(metrics.DEFINITIONS).encode()).hexdigest()
    assert (metrics.RULES, words[:16]) == ("2", "218586c7ce0f7661")


def test_the_diagrams_are_those_of_the_documentation() -> None:
    assert diagram.blocks() in (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert re.findall("undone|annotated|recalled", diagram.ticket_diagram()) == []
    assert "    [*] --> waiting: arrived" in diagram.ticket_diagram().splitlines()


# ---------------------------------------------------------------- values as data
def test_a_ticket_survives_its_plain_form() -> None:
    step = visit.Step(1, "one", 5, procedures=({"code": "1.001"},))
    whole = visit.Ticket(
        "t", "S", "2026-11-23", "A", 7, "A007", "one", "waiting", 5, 2, 5, 5, 5, (step,), needs=("see",), tasks=("two",), quantity=3
    )
    data = visit.as_data(whole)
    assert json.loads(json.dumps(data)) == data
    assert set(data) == set(visit.FIELDS) == {f.name for f in fields(visit.Ticket)}
    assert (data["needs"], data["tasks"], data["steps"][0]["procedures"]) == (["see"], ["two"], [{"code": "1.001"}])
    assert visit.steps_from([data["steps"][0] | {"unknown": 1}]) == (step,)
    assert visit.steps_from([{"n": 1, "service": "one", "available_from": 5}]) == (replace(step, procedures=()),)
    assert ticket.restore(replace(whole, needs=(), tasks=(), steps=()), data | {"unknown": 1}) == whole
    assert visit.current(whole) is step


def test_what_a_ticket_and_a_step_are_where_nothing_was_said() -> None:
    step = visit.Step(1, "one", 5)
    bare = visit.Ticket("t", "S", "2026-11-23", "A", 7, "A007", "one", "waiting", 5, 2, 5, 5, 5, (step,))
    said: dict[str, Any] = {
        "source": "api", "channel": "in_person", "lang": "vi", "needs": [], "quantity": 1, "party": 1, "on_behalf": False, "tasks": [],
        "recalls": 0, "readmissions": 0, "print": "pending", "doubt": False, "reprints": 0, "machine_closed": False, "voided": False,
        "ahead": 0, "revision": 1, "let_pass": 0, "taken_for": "",
    }  # fmt: skip
    given = {
        "id", "site", "business_day", "series", "number", "label", "service", "state", "issued_at", "issued_seq", "available_from",
        "arrived_from", "effective_at", "steps",
    }  # fmt: skip
    assert {name: value for name, value in visit.as_data(bare).items() if name not in given and value is not None} == said
    said_of_step = {
        "start_inferred": False, "recalls": 0, "turns": 0, "before_opening_ms": 0, "over_breaks_ms": 0, "held_ms": 0, "held_before_ms": 0,
        "machine_closed": False, "entered_late": False, "procedures": (),
    }  # fmt: skip
    plain = {f.name: getattr(step, f.name) for f in fields(visit.Step)}
    assert {n: v for n, v in plain.items() if v is not None} == said_of_step | {"n": 1, "service": "one", "available_from": 5}


@pytest.mark.parametrize("value", [ROW, SYSTEM, visit.Step(1, "one", 5)])
def test_values_do_not_change(value: Any) -> None:
    with pytest.raises(AttributeError):
        setattr(value, fields(value)[0].name, "other")
