"""The strict reader: what is no message, what is a wrong one, and that every fault is named with its place."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_server.contract import messages, schema, strict
from queue_server.contract.problem import Invalid, Malformed, TooLarge
from queue_server.contract.vocabulary import MAX_BODY_BYTES

GOOD = {"request_id": "r-1", "service": "A1"}
MESSAGES = [kind for kind in vars(messages).values() if isinstance(kind, type) and kind.__module__ == messages.__name__]


def faults(message: type[Any], value: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        strict.read(message, value)
    return {(fault.pointer, fault.code) for fault in caught.value.faults}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe{}", b'{"a":"\xc3"}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1,"a":2}',
        b'{"a":' + b"9" * 5000 + b"}", b"{} {}", b"[" * 21 + b"]" * 21, b'{"a":' * 21 + b"1" + b"}" * 21, b"[" * 60_000, b"{" * 60_000,
    ],
)  # fmt: skip
def test_bytes_that_are_no_object_are_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        strict.load(body)


def test_depth_is_counted_outside_of_text_only() -> None:
    assert strict.load(b'{"a":"' + b"[{" * 50 + b'","b":"\\"[[[[[[[[[[[[[[[[[[[[[[[["}')
    assert strict.load(b'{"a":' * 20 + b"1" + b"}" * 20)


def test_a_body_over_the_limit_is_too_large() -> None:
    assert strict.load(json.dumps({"a": "x" * (MAX_BODY_BYTES - 9)}).encode())
    with pytest.raises(TooLarge):
        strict.load(json.dumps({"a": "x" * MAX_BODY_BYTES}).encode())


@given(st.binary(max_size=200))
def test_any_bytes_give_an_object_or_a_named_error(body: bytes) -> None:
    try:
        assert isinstance(strict.load(body), dict)
    except (Malformed, TooLarge):
        pass


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"service": 1}, ("/service", "wrong_type")),
        ({"service": ["A1"]}, ("/service", "wrong_type")),
        ({"service": "x" * 65}, ("/service", "too_long")),
        ({"service": ""}, ("/service", "too_short")),
        ({"service": "a\x00b"}, ("/service", "bad_character")),
        ({"service": "a\nb"}, ("/service", "bad_character")),
        ({"service": "a\ud800b"}, ("/service", "bad_character")),
        ({"colour": "red"}, ("/colour", "unknown_field")),
        ({"a/b~c": 1}, ("/a~1b~0c", "unknown_field")),
        ({"quantity": "2"}, ("/quantity", "wrong_type")),
        ({"quantity": True}, ("/quantity", "wrong_type")),
        ({"quantity": 2.0}, ("/quantity", "wrong_type")),
        ({"quantity": 0}, ("/quantity", "out_of_range")),
        ({"quantity": 10**30}, ("/quantity", "out_of_range")),
        ({"on_behalf": 1}, ("/on_behalf", "wrong_type")),
        ({"source": "fax"}, ("/source", "unknown_value")),
        ({"source": 3}, ("/source", "wrong_type")),
        ({"needs": "see"}, ("/needs", "wrong_type")),
        ({"needs": ["see", 1]}, ("/needs/1", "wrong_type")),
        ({"needs": ["x"] * 9}, ("/needs", "too_long")),
        ({"request_id": ""}, ("/request_id", "too_short")),
        ({"request_id": "x" * 65}, ("/request_id", "too_long")),
        ({"request_id": "đơn"}, ("/request_id", "bad_format")),
        ({"request_id": None}, ("/request_id", "required")),
        ({"token_hash": "A" * 64}, ("/token_hash", "bad_format")),
        ({"service": None}, ("/service", "one_of")),
        ({"tasks": ["A1"]}, ("/service", "one_of")),
    ],
)
def test_each_fault_is_named_with_its_place(change: dict[str, Any], expected: tuple[str, str]) -> None:
    assert faults(messages.Issue, {**GOOD, **change}) == {expected}


def test_all_faults_are_told_at_once() -> None:
    assert faults(messages.Transfer, {"to": {"service": 1, "x": 1}, "return_to_me": "no"}) == {
        ("/request_id", "required"),
        ("/counter", "required"),
        ("/to/service", "wrong_type"),
        ("/to/x", "unknown_field"),
        ("/return_to_me", "wrong_type"),
    }


def test_a_rule_of_a_nested_message_points_inside() -> None:
    assert faults(messages.Transfer, {"request_id": "r", "counter": "1", "to": {}}) == {("/to", "required")}


def test_text_is_brought_to_nfc_and_keeps_vietnamese() -> None:
    read = strict.read(messages.Annotate, {"request_id": "r", "text": "Khách cần hỏi\nlại"})
    assert read.text == "Khách cần hỏi\nlại"


def test_times_are_milliseconds_inside_and_rfc_3339_outside() -> None:
    hold = strict.read(messages.Hold, {"request_id": "r", "counter": "1", "until": "2026-11-23T08:00:00+07:00"})
    assert hold.until == 1795395600000
    assert strict.wire(hold)["until"] == "2026-11-23T08:00:00+07:00"
    assert faults(messages.Hold, {"request_id": "r", "counter": "1", "until": "2026-11-23 8:00"}) == {("/until", "bad_format")}
    assert faults(messages.Hold, {"request_id": "r", "counter": "1", "until": "0001-01-01T00:00:00+07:00"}) == {("/until", "out_of_range")}


def test_the_wire_form_reads_back_to_the_same_message() -> None:
    sent = {"request_id": "r", "counter": "1", "procedures": [{"code": "1.001", "dossier_code": "H1"}, {"code": "2"}]}
    read = strict.read(messages.Procedures, sent)
    assert strict.wire(read) == sent
    assert strict.read(messages.Procedures, strict.wire(read)) == read


@pytest.mark.parametrize("message", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_message_refuses_unknown_fields_and_has_a_schema_that_does(message: type[Any]) -> None:
    assert ("/no_such_field", "unknown_field") in faults(message, {"no_such_field": 1})
    made = schema.of(message)
    assert made["additionalProperties"] is False
    assert set(made["properties"]) == {declared.name for declared in fields(message)}
    assert faults(message, dict.fromkeys(made["properties"], object())) >= {(f"/{name}", "wrong_type") for name in made["properties"]}
