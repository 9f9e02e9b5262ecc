"""How the rules say no. Holds the one exception of the domain; the words a person reads are the web's affair."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Refusal(Exception):
    """A command that the rules do not allow. `code` is the contract's word for it, `detail` what may be told publicly."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def illegal(command: str, state: str, allowed_from: Iterable[object]) -> Refusal:
    """The refusal of a command that does not fit the present state; `allowed_from` names the states it does fit."""
    return Refusal("illegal_transition", command=command, state=state, allowed_from=sorted(str(s) for s in allowed_from))


def invalid(pointer: str, code: str, detail: str) -> Refusal:
    """The refusal of a value that names nothing we have: JSON pointer, short code, plain words."""
    return Refusal("invalid", errors=[{"pointer": pointer, "code": code, "detail": detail}])
