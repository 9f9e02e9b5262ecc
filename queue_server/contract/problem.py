"""The shape of a refusal on the wire (RFC 9457, `application/problem+json`) and the codes it may carry.

Holds names and the shape. Status numbers and texts in the reader's language stand in the server's one error table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True)
class FieldFault:
    """One fault in a message: where (JSON pointer), which kind, and a word on it."""

    pointer: str
    code: str
    detail: str

    def wire(self) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}


class Malformed(Exception):
    """The bytes are no message at all: not JSON, not an object, too deep. Becomes 400 `malformed`."""


class TooLarge(Exception):
    """More bytes than any message needs. Becomes 413 `too_large`."""


class Invalid(Exception):
    """A message of the right shape with wrong fields. Becomes 422 `invalid` with the list of faults."""

    def __init__(self, faults: list[FieldFault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.code}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class ProblemBody:
    """`type` is a relative reference that names the code, so that it never depends on where the server stands."""

    status: int
    code: str
    title: str
    detail: str
    request_id: str
    more: dict[str, Any] = field(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        own = {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": self.request_id,
        }
        return {**self.more, **own}
