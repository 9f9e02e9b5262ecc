"""Which wrong setting of a scanner its scans betray, as a health code and a few words for a technician.

Holds what each trace means, and how many in a row make it a setting and not one bad card. The one-line remedies in
Vietnamese and English stand with the codes in `drivers.health`; nothing of what was scanned goes into the words.
"""

from __future__ import annotations

from drivers.codecs.card_qr import Scan, Unreadable
from drivers.codecs.scan_text import ScanText

IN_A_ROW = 3
# Code pages that lose Vietnamese letters. Digits and ASCII come through, so cards are still read.
_LOSSY = {"cp1258": "CP1258", "gbk": "GBK", "latin-1": "Latin-1", "utf-16-le": "UTF-16"}
_REASONS = {
    "keyboard_layout": ("scan_keyboard", "digits or bars arrive as other signs"),
    "prefix": ("scan_prefix", "letters stand before the number"),
    "not_text": ("scan_noise", "bytes that are no text"),
    "too_long": ("scan_noise", "scans without an end"),
    "too_few_fields": ("scan_noise", "scans break off in the middle"),
    "lost_keys": ("scan_noise", "keys were lost on the way"),
}


class SettingWatch:
    """Looks at one scan after another; `found` is what the last ones agree on, or nothing."""

    def __init__(self) -> None:
        self._seen: tuple[str, str] | None = None
        self._count = 0

    @property
    def found(self) -> tuple[str, str] | None:
        """Health code and words, once enough scans in a row have said the same."""
        return self._seen if self._count >= IN_A_ROW else None

    def look(self, scanned: ScanText | None, scan: Scan) -> None:
        """`scanned` is None where a frame came without its bytes."""
        trace = _trace(scanned, scan)
        if trace is None:
            # A dossier's code is ASCII in every code page: it clears no suspicion about letters.
            silent = scanned is not None and scanned.text.isascii() and self._seen is not None and self._seen[0] == "scan_charset"
            self._count = self._count if silent else 0
        else:
            self._count = self._count + 1 if trace == self._seen else 1
            self._seen = trace


def _trace(scanned: ScanText | None, scan: Scan) -> tuple[str, str] | None:
    if isinstance(scan, Unreadable) and scan.reason in _REASONS:
        return _REASONS[scan.reason]
    if scanned is not None and not scanned.exact:
        return "scan_charset", f"{_LOSSY.get(scanned.encoding, scanned.encoding)} instead of UTF-8"
    return None
