"""The ways in which a chip can fail us, each with one stable code. Nothing else leaves this package, whatever bytes come in.

Holds no words for people (`drivers.devices.chip_outcome` does) and no value read from a card.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class MrtdError(Exception):
    """`code` is for programs; the text names the step and the status word, never what was read."""

    code = "garbled"


class Garbled(MrtdError):
    """Bytes that are not what the standard says, or whose seal does not fit."""


class WrongKey(MrtdError):
    """The chip did not accept the key: another card, or a slip in typing."""

    code = "wrong_key"


class NotIdCard(MrtdError):
    """A card, but not a Vietnamese identity card with a travel-document application."""

    code = "not_id_card"


class NoPace(MrtdError):
    """The card number (CAN) is given and the chip offers no way to use it: it wants the MRZ key."""

    code = "can_not_taken"


class NotGenuine(MrtdError):
    """What was read is not what the issuer signed."""

    code = "not_genuine"


def guarded(what: str, parse: Callable[[], T]) -> T:
    """Run a foreign parser over foreign bytes. Its errors become `Garbled`, without their text: it may quote what was read."""
    try:
        return parse()
    except MrtdError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser raises over bytes from outside, they are not what they should be
        fault = type(error).__name__
    raise Garbled(f"{what} ({fault})")
