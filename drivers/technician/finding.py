"""One finding of doctor: what is wrong, and the one line that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drivers.health import hint

# Not a fault of the device: it works, and will stop working if nobody does anything.
WARNINGS = {"no_anchor", "paper_low", "slow", "garbled", "scan_unknown"}


@dataclass(frozen=True)
class Finding:
    """`level`: fail (it cannot work), warn (it will hurt), note (good to know; does not change the exit code)."""

    check: str
    level: str
    slot: str
    vi: str
    en: str
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "level": self.level,
            "slot": self.slot,
            "remedy": {"vi": self.vi, "en": self.en},
            "detail": self.detail,
        }

    def line(self, lang: str) -> str:
        mark = {"fail": "✗", "warn": "!", "note": "·"}[self.level]
        words = self.vi if lang == "vi" else self.en
        return f"{mark} {f'[{self.slot}] ' if self.slot else ''}{words}{f' ({self.detail})' if self.detail else ''}"


def of_health(code: str, slot: str, detail: str) -> Finding:
    """A health code in the words of its hint."""
    words = hint(code)
    return Finding(code, "warn" if code in WARNINGS else "fail", slot, words["vi"], words["en"], detail)
