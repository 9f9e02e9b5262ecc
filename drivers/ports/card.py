"""What a card reader's port has beyond other ports: cards that come and go while the reader stays.

One `write` is one command to the card, the `read` after it the whole answer. `Gone` is the reader's end; the card's own is `CardAway`.
"""

from __future__ import annotations

from typing import Protocol

from drivers.ports.base import Port, PortError


class CardAway(PortError):
    """The card was taken from the reader; the reader is well."""


class CardBusy(PortError):
    """Another program holds the card."""


class CardPort(Port, Protocol):
    """A port on whose far side a card may lie."""

    def meet(self, deadline: float) -> None:
        """Wait for a card and begin with it. `Timeout` where none is laid down, `CardBusy` where another program keeps it."""
