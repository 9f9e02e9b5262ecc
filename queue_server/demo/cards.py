"""Invented identity cards, as a scanner would read them. No province has the number 999, and the name says what it is.

Pure. The bytes have the shape of the card's QR code (seven fields joined by a bar), so that they travel the true way.
"""

from __future__ import annotations

MARK = "fake:"


def payload(card: str) -> str:
    """What the scanner reads: of a card marked `fake:N` the invented one with that number, of anything else itself."""
    if not card.startswith(MARK):
        return card
    number = int(card.removeprefix(MARK))
    day, month, year = number % 28 + 1, number % 12 + 1, 1930 + number % 75
    sex = "Nam" if number % 2 else "Nữ"
    return f"999{number % 10**9:09d}||THẺ GIẢ SỐ {number}|{day:02d}{month:02d}{year}|{sex}|Không có thật|01012024"
