"""Strict reading of messages: bytes to JSON to frozen dataclasses, by one declaration per field.

Holds the kinds of field (text, whole number, flag, choice, list, nested message, time) and the reader. The same
declarations give the JSON schema (`schema.py`). It knows no message by name and does no I/O.
"""

from __future__ import annotations

import dataclasses
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from . import times
from .problem import FieldFault, Invalid, Malformed, TooLarge
from .vocabulary import MAX_BODY_BYTES, MAX_DEPTH

Faults = list[FieldFault]
M = TypeVar("M")
# Control characters and lone surrogates: no database, paper or screen has a place for them.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BRACKETS_OR_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


class _Bad(Exception):
    """A field cannot be read: ends the reading of that field only."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


# ---------------------------------------------------------------- kinds of field
@dataclass(frozen=True)
class Text:
    """Text without control characters, brought to NFC. `pattern` must match all of it."""

    longest: int = 64
    shortest: int = 1
    pattern: str | None = None
    lines: bool = False

    def read(self, value: Any, pointer: str, faults: Faults) -> str:
        if not isinstance(value, str):
            raise _Bad("wrong_type", "text expected")
        text = unicodedata.normalize("NFC", value)
        if len(text) > self.longest:
            raise _Bad("too_long", f"at most {self.longest} characters")
        if len(text) < self.shortest:
            raise _Bad("too_short", f"at least {self.shortest} characters")
        if (_CONTROL_BUT_LINES if self.lines else _CONTROL).search(text):
            raise _Bad("bad_character", "control characters are not allowed")
        if self.pattern is not None and not re.fullmatch(self.pattern, text):
            raise _Bad("bad_format", f"must match {self.pattern}")
        return text

    def schema(self) -> dict[str, Any]:
        shape: dict[str, Any] = {"type": "string", "minLength": self.shortest, "maxLength": self.longest}
        if self.pattern is not None:
            shape["pattern"] = f"^(?:{self.pattern})$"
        return shape


@dataclass(frozen=True)
class Whole:
    """A whole number between two bounds, both included. `true` is no number and 1.0 is not whole."""

    least: int = 0
    most: int = 2**53 - 1

    def read(self, value: Any, pointer: str, faults: Faults) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _Bad("wrong_type", "whole number expected")
        if not self.least <= value <= self.most:
            raise _Bad("out_of_range", f"{self.least} to {self.most}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class Flag:
    """true or false."""

    def read(self, value: Any, pointer: str, faults: Faults) -> bool:
        if not isinstance(value, bool):
            raise _Bad("wrong_type", "true or false expected")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice:
    """One word of a closed list."""

    words: type[StrEnum]

    def read(self, value: Any, pointer: str, faults: Faults) -> str:
        if not isinstance(value, str):
            raise _Bad("wrong_type", "text expected")
        if value not in [word.value for word in self.words]:
            raise _Bad("unknown_value", "one of " + ", ".join(self.words))
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [word.value for word in self.words]}


@dataclass(frozen=True)
class When:
    """An RFC 3339 time with offset; read as Unix milliseconds."""

    def read(self, value: Any, pointer: str, faults: Faults) -> int:
        if not isinstance(value, str):
            raise _Bad("wrong_type", "time as text expected")
        try:
            at_ms = times.decode(value)
        except ValueError as bad:
            raise _Bad("bad_format", str(bad)) from bad
        if not 0 <= at_ms < 2**43:
            raise _Bad("out_of_range", "a time between 1970 and 2248")
        return at_ms

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


@dataclass(frozen=True)
class Listing:
    """A list of one kind of field; read as a tuple."""

    item: Any
    longest: int = 50
    shortest: int = 0

    def read(self, value: Any, pointer: str, faults: Faults) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _Bad("wrong_type", "list expected")
        if not self.shortest <= len(value) <= self.longest:
            raise _Bad("too_long" if len(value) > self.longest else "too_short", f"{self.shortest} to {self.longest} entries")
        return tuple(_one(self.item, entry, f"{pointer}/{at}", faults) for at, entry in enumerate(value))

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(), "minItems": self.shortest, "maxItems": self.longest}


@dataclass(frozen=True)
class Tally:
    """An object of names that nobody lists beforehand, each with one kind of value."""

    name: Text
    value: Any
    longest: int = 32

    def read(self, value: Any, pointer: str, faults: Faults) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _Bad("wrong_type", "object expected")
        if len(value) > self.longest:
            raise _Bad("too_long", f"at most {self.longest} names")
        return {
            self.name.read(name, pointer, faults): _one(self.value, entry, f"{pointer}/{_escape(str(name))}", faults)
            for name, entry in value.items()
        }

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "propertyNames": self.name.schema(),
            "additionalProperties": self.value.schema(),
            "maxProperties": self.longest,
        }


@dataclass(frozen=True)
class Plain:
    """Any JSON value of texts, whole numbers, truth values, lists and objects: what it means is judged where it is used."""

    def read(self, value: Any, pointer: str, faults: Faults) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return Text(1200, 0, lines=True).read(value, pointer, faults)
        if isinstance(value, list):
            return [_one(self, entry, f"{pointer}/{at}", faults) for at, entry in enumerate(value)]
        if isinstance(value, Mapping):
            names = Text(120, 0)
            return {
                names.read(name, pointer, faults): _one(self, entry, f"{pointer}/{_escape(name)}", faults) for name, entry in value.items()
            }
        return Whole(-(2**53) + 1).read(value, pointer, faults)

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "integer", "boolean", "array", "object", "null"]}


@dataclass(frozen=True)
class Nested:
    """A message inside a message."""

    message: type[Any]

    def read(self, value: Any, pointer: str, faults: Faults) -> Any:
        return _message(self.message, value, pointer, faults)

    def schema(self) -> dict[str, Any]:
        return {"$ref": f"#/components/schemas/{self.message.__name__}"}


# ---------------------------------------------------------------- declaring
def required(kind: Any) -> Any:
    return field(metadata={"kind": kind})


def optional(kind: Any, default: Any = None) -> Any:
    """Left out or null on the wire means `default`."""
    return field(default=default, metadata={"kind": kind})


def is_required(declared: dataclasses.Field[Any]) -> bool:
    return declared.default is dataclasses.MISSING


@dataclass(frozen=True, slots=True)
class _Declared:
    """One field as the reader needs it."""

    kind: Any
    needed: bool
    default: Any


_MESSAGES: dict[Any, dict[str, _Declared]] = {}


def _declared(message: Any) -> dict[str, _Declared]:
    """The fields of a message, looked up once."""
    found = _MESSAGES.get(message)
    if found is None:
        fields = dataclasses.fields(message)
        found = _MESSAGES[message] = {one.name: _Declared(one.metadata["kind"], is_required(one), one.default) for one in fields}
    return found


# ---------------------------------------------------------------- reading
def load(body: bytes) -> dict[str, Any]:
    """A JSON object from bytes that may be anything. Raises `TooLarge` or `Malformed`, nothing else."""
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge
    if _too_deep(body):
        raise Malformed(f"nested deeper than {MAX_DEPTH}")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_no_doubles, parse_constant=_no_constant)
    except (ValueError, RecursionError) as bad:
        raise Malformed("not JSON in UTF-8") from bad
    if not isinstance(value, dict):
        raise Malformed("a JSON object is expected")
    return value


def read(message: type[M], value: Mapping[str, Any]) -> M:
    """The message, or `Invalid` with every fault found. A message may add a rule across fields by `check()`."""
    faults: Faults = []
    result = _message(message, value, "", faults)
    if faults:
        raise Invalid(faults)
    assert isinstance(result, message)
    return result


def wire(message: Any) -> dict[str, Any]:
    """The message as a JSON object again, without what equals its default: also the form that is fingerprinted."""
    body: dict[str, Any] = {}
    for name, declared in _declared(type(message)).items():
        value = getattr(message, name)
        if declared.needed or value != declared.default:
            body[name] = _plain(value, declared.kind)
    return body


def _plain(value: Any, kind: Any) -> Any:
    if isinstance(kind, Nested) and dataclasses.is_dataclass(value):
        return wire(value)
    if isinstance(kind, Listing):
        return [_plain(entry, kind.item) for entry in value]
    if isinstance(kind, When) and isinstance(value, int):
        return times.encode(value)
    return value


def _message(message: type[Any], value: Any, pointer: str, faults: Faults) -> Any:
    if not isinstance(value, Mapping):
        raise _Bad("wrong_type", "object expected")
    before = len(faults)
    declared = _declared(message)
    for name in value:
        if name not in declared:
            faults.append(FieldFault(f"{pointer}/{_escape(str(name))}", "unknown_field", "this field is not known here"))
    read_fields: dict[str, Any] = {}
    for name, entry in declared.items():
        if value.get(name) is None:
            if entry.needed:
                faults.append(FieldFault(f"{pointer}/{name}", "required", "this field is required"))
            continue
        read_fields[name] = _one(entry.kind, value[name], f"{pointer}/{name}", faults)
    if len(faults) > before:
        return None
    result = message(**read_fields)
    rule: Callable[[], FieldFault | None] | None = getattr(result, "check", None)
    fault = rule() if rule is not None else None
    if fault is not None:
        faults.append(dataclasses.replace(fault, pointer=pointer + fault.pointer))
    return result


def _one(kind: Any, value: Any, pointer: str, faults: Faults) -> Any:
    try:
        return kind.read(value, pointer, faults)
    except _Bad as bad:
        faults.append(FieldFault(pointer, bad.code, bad.detail))
        return None


def _escape(name: str) -> str:
    shown = name[:40].encode("utf-8", "replace").decode("utf-8")
    return "".join(ch if ch.isprintable() else "?" for ch in shown).replace("~", "~0").replace("/", "~1")


def _too_deep(body: bytes) -> bool:
    """Counted before parsing: the parser itself gives up by recursion. Most bodies have too few brackets to matter."""
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _BRACKETS_OR_STRING.finditer(body):
        mark = found[0]
        depth += 1 if mark in (b"{", b"[") else -1 if mark in (b"}", b"]") else 0
        if depth > MAX_DEPTH:
            return True
    return False


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a field is given twice")
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def read_text(kind: Any, text: str, pointer: str, faults: Faults) -> Any:
    """A query parameter: the same kinds, but everything arrives as text."""
    if isinstance(kind, Whole):
        if not re.fullmatch(r"[0-9]{1,16}", text):
            faults.append(FieldFault(pointer, "wrong_type", "whole number expected"))
            return None
        return _one(kind, int(text), pointer, faults)
    return _one(kind, text, pointer, faults)
