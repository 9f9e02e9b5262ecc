"""What a scanned text is: an identity card, a health-insurance card, a dossier code, one of our own slips, or just text.

Holds the recognition and the fields. Keeps nothing, logs nothing; every field that is a person's stays out of `repr`.
Layouts and their sources: `docs/wire/card-qr.md`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

_NUMBER = re.compile(r"[0-9]{12}")
_OLD_NUMBER = re.compile(r"(?:[0-9]{9})?")
_DOSSIER = re.compile(r"[0-9A-Z]{1,5}(?:\.[0-9A-Z]{1,5})*-(?:[0-9]{6}|[0-9]{8})-[0-9]{4,7}")
_SLIP = re.compile(r"https?://[^\s/]{1,255}/t/([A-Za-z0-9_-]{16,64})/?", re.ASCII)
_APPOINTMENT = re.compile(r"(?:https?://[^\s/]{1,255}/a/|toiluot:a:)([A-Za-z0-9_-]{16,64})/?", re.ASCII)
_INSURANCE = re.compile(r"(?:[A-Z]{2}[0-9]{13}|[0-9]{10}|[0-9]{12})")
_DATE = re.compile(r"([0-9]{2})/?([0-9]{2})/?([0-9]{4})")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_PREFIXED = re.compile(r"[^0-9|]{1,4}[0-9]{12}")
# A card typed on another country's keyboard: the digits of a French one are our shifted ones, a German one has no bar.
_SHIFTED_DIGITS = re.compile(r"[)!@#$%^&*(]{12}")
_NO_BARS = re.compile(r"[0-9]{12}(?:[0-9]{9})?[^0-9|].{6,}", re.DOTALL)
MAX_LETTERS = 4096


@dataclass(frozen=True)
class IdCard:
    """The first seven fields by position; newer cards carry more, kept as `extra` and never needed."""

    number: str = field(repr=False)
    old_number: str = field(repr=False)
    name: str = field(repr=False)
    born: date | None = field(repr=False)
    sex: str = field(repr=False)
    address: str = field(repr=False)
    issued: date | None = field(repr=False)
    extra: tuple[str, ...] = field(default=(), repr=False)

    @property
    def odd(self) -> bool:
        """Whether the number and the date of birth disagree. A warning only: the rule behind it is no longer law."""
        if self.born is None:
            return False
        century = 1900 + 100 * (int(self.number[3]) // 2)
        return century + int(self.number[4:6]) != self.born.year


@dataclass(frozen=True)
class HealthInsurance:
    """Recognised so that it is not taken for an identity card. Nothing of it is kept."""


@dataclass(frozen=True)
class Dossier:
    code: str


@dataclass(frozen=True)
class Slip:
    token: str = field(repr=False)


@dataclass(frozen=True)
class Appointment:
    code: str = field(repr=False)


@dataclass(frozen=True)
class PlainText:
    text: str = field(repr=False)


@dataclass(frozen=True)
class Unreadable:
    """`reason`: empty too_long lost_keys not_text prefix keyboard_layout unknown_card too_few_fields."""

    reason: str


Scan = IdCard | HealthInsurance | Dossier | Slip | Appointment | PlainText | Unreadable


def parse(text: str) -> Scan:
    """What `text` is. Never raises; what it cannot read is `Unreadable` with a word that says why."""
    text = text.strip()
    if not text:
        return Unreadable("empty")
    if len(text) > MAX_LETTERS:
        return Unreadable("too_long")
    if "|" in text:
        return _fields(text)
    if _NUMBER.fullmatch(text):
        return IdCard(text, "", "", None, "", "", None)
    return _code(text)


def _code(text: str) -> Scan:
    if found := _SLIP.fullmatch(text):
        return Slip(found[1])
    if found := _APPOINTMENT.fullmatch(text):
        return Appointment(found[1])
    if _DOSSIER.fullmatch(text.upper()):
        return Dossier(text.upper())
    if _is_noise(text):
        return Unreadable("not_text")
    if _SHIFTED_DIGITS.match(text) or _NO_BARS.fullmatch(text):
        return Unreadable("keyboard_layout")
    return Unreadable("prefix") if _PREFIXED.fullmatch(text) else PlainText(text)


def _is_noise(text: str) -> bool:
    """Control characters, and the letters a wrong line speed makes of anything."""
    return any((letter < " " and letter != "\t") or "\x7f" <= letter <= "\x9f" or letter == "\ufffd" for letter in text)


def _fields(text: str) -> Scan:
    fields = [part.strip() for part in text.split("|")]
    if _is_insurance(fields):
        return HealthInsurance()
    if not _NUMBER.fullmatch(fields[0]):
        return Unreadable(_why_unknown(fields[0]))
    if len(fields) >= 7 and _OLD_NUMBER.fullmatch(fields[1]):
        return _card(fields[:7], fields[7:])
    # Some readers are set up to leave the second field out; then what stands there is a name and never nine digits.
    if len(fields) >= 6 and not _OLD_NUMBER.fullmatch(fields[1]):
        return _card([fields[0], "", *fields[1:6]], fields[6:])
    return Unreadable("too_few_fields")


def _why_unknown(first: str) -> str:
    if _is_noise(first):
        return "not_text"
    if _SHIFTED_DIGITS.fullmatch(first):
        return "keyboard_layout"
    return "prefix" if _PREFIXED.fullmatch(first) else "unknown_card"


def _card(seven: list[str], extra: list[str]) -> Scan:
    number, old, name, born, sex, address, issued = seven
    return IdCard(number, old, name, _date(born), sex, address, _date(issued), tuple(extra))


def _is_insurance(fields: list[str]) -> bool:
    """`number|hex name|birth|1 or 2|…`: names and addresses are written as the hexadecimal of their UTF-8 bytes."""
    return (
        len(fields) >= 5
        and _INSURANCE.fullmatch(fields[0]) is not None
        and _HEX.fullmatch(fields[1]) is not None
        and fields[3] in ("1", "2")
    )


def _date(text: str) -> date | None:
    """DDMMYYYY (or with strokes, through a reformatting reader); some cards know only the year and write zeros before it."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    day, month, year = (int(part) for part in found.groups())
    try:
        return date(year, month or 1, day or 1)
    except ValueError:
        return None


def event(scan: Scan) -> dict[str, str | int]:
    """What a kiosk may know of a scan: its kind, and from a card the number and the year of birth alone."""
    match scan:
        case IdCard():
            known: dict[str, str | int] = {"kind": "id_card", "number": scan.number}
            if scan.born is not None:
                known["birth_year"] = scan.born.year
            return known
        case HealthInsurance():
            return {"kind": "health_insurance"}
        case Dossier():
            return {"kind": "dossier", "code": scan.code}
        case Slip():
            return {"kind": "slip", "token": scan.token}
        case Appointment():
            return {"kind": "appointment", "code": scan.code}
        case PlainText():
            # Codes are ASCII. Other letters may be somebody's name, torn off a card.
            return {"kind": "text", "code": scan.text[:200]} if scan.text.isascii() else {"kind": "text"}
        case Unreadable():
            return {"kind": "unreadable", "code": scan.reason}
