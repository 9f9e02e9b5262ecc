"""What a kiosk sends to have a chip read: the six digits printed on the card, or three fields of its MRZ.

Holds the checks and the making of the key. The key is overwritten after the reading; nothing of it is logged or kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from drivers.codecs.mrtd.keys import AccessKey, can_key, mrz_key

# Cards without an end are said to carry this date in the MRZ.
NO_EXPIRY = "991231"
_FORMS = ({"can"}, {"document", "birth", "expiry"})


@dataclass(frozen=True)
class ReadChip:
    """One reading, for one card."""

    key: AccessKey = field(repr=False)


def parse(body: Any) -> ReadChip:
    """ValueError with a sentence that names a field and never its value."""
    if not isinstance(body, dict) or set(body) not in _FORMS:
        raise ValueError("send {can} or {document, birth, expiry}")
    if "can" in body:
        return ReadChip(can_key(_text(body, "can")))
    document = _text(body, "document").upper()
    # The MRZ of a Vietnamese card has nine places for twelve digits: it holds the last nine, the optional field all twelve.
    short = document[-9:] if len(document) == 12 and document.isdigit() else document
    expiry = NO_EXPIRY if body["expiry"] is None else _day(body, "expiry")
    return ReadChip(mrz_key(short, _day(body, "birth"), expiry))


def _text(body: dict[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str) or not value.isascii() or not 1 <= len(value) <= 20:
        raise ValueError(f"{name}: a short text")
    return value


def _day(body: dict[str, Any], name: str) -> str:
    try:
        return date.fromisoformat(_text(body, name)).strftime("%y%m%d")
    except ValueError:
        raise ValueError(f"{name}: a date, YYYY-MM-DD") from None
