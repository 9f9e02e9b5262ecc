"""JSON Schema (2020-12, as OpenAPI 3.1 wants it) of the messages, from the very declarations that read them.

Holds the translation only; schemas of answers stand in `answers.py`, the document around them in the server.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from .strict import Listing, Nested, is_required

Schema = dict[str, Any]


def of(message: type[Any]) -> Schema:
    """The schema of one message: unknown fields refused, optional fields may be null."""
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for declared in dataclasses.fields(message):
        shape: Schema = declared.metadata["kind"].schema()
        if is_required(declared):
            required.append(declared.name)
        else:
            shape = {"anyOf": [shape, {"type": "null"}]}
            if isinstance(declared.default, (str, int)):
                shape["default"] = declared.default
        properties[declared.name] = shape
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    if message.__doc__ and not message.__doc__.startswith(f"{message.__name__}("):
        schema["description"] = " ".join(message.__doc__.split())
    return schema


def components(messages: Iterable[type[Any]]) -> dict[str, Schema]:
    """Schemas by class name, with every message that is nested in one of them."""
    found: dict[str, Schema] = {}
    waiting = list(messages)
    while waiting:
        message = waiting.pop()
        if message.__name__ in found:
            continue
        found[message.__name__] = of(message)
        waiting += [inner for declared in dataclasses.fields(message) if (inner := _nested(declared.metadata["kind"])) is not None]
    return dict(sorted(found.items()))


def _nested(kind: Any) -> type[Any] | None:
    if isinstance(kind, Listing):
        return _nested(kind.item)
    return kind.message if isinstance(kind, Nested) else None
