"""Texts as they are said aloud: numbers, labels, times, dates and ranges become words a synthesiser cannot get wrong.

Pure. Vietnamese figures are spelt out here because the free synthesiser reads 15 and 1000 wrongly; English ones are
left to it. What is said when is `audio`'s affair, who says it the drivers'.
"""

from __future__ import annotations

import re
from collections.abc import Callable

DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
LETTERS = {
    "A": "a", "Ă": "á", "Â": "ớ", "B": "bê", "C": "xê", "D": "dê", "Đ": "đê", "E": "e", "Ê": "ê", "F": "ép", "G": "giê", "H": "hát",
    "I": "i", "J": "gi", "K": "ca", "L": "e lờ", "M": "em mờ", "N": "en nờ", "O": "o", "Ô": "ô", "Ơ": "ơ", "P": "pê", "Q": "quy",
    "R": "e rờ", "S": "ét xì", "T": "tê", "U": "u", "Ư": "ư", "V": "vê", "W": "vê kép", "X": "ích xì", "Y": "i dài", "Z": "dét",
}  # fmt: skip
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
MOST = 9_999

_LABEL = re.compile(r"\b([^\W\d_]{1,2})-?(\d{1,4})\b")
_TIME = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)\b")
_DATE = re.compile(r"\b(0?[1-9]|[12]\d|3[01])/(0?[1-9]|1[0-2])(?:/(\d{4}))?\b")
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
_NUMBER = re.compile(r"\d+")


def voice_of(lang: str) -> str:
    """Which voice reads a language: English its own, everything else the Vietnamese one."""
    return "en" if lang.startswith("en") else "vi"


def number_words(number: int) -> str:
    """A whole number in northern Vietnamese; beyond 9,999 digit by digit."""
    if number > MOST:
        return " ".join(DIGITS[int(digit)] for digit in str(number))
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_thousand(rest)
    return f"{DIGITS[thousands]} nghìn" + (f" {_hundreds(rest)}" if rest else "")


def _below_thousand(number: int) -> str:
    return _below_hundred(number) if number < 100 else _hundreds(number)


def _hundreds(number: int) -> str:
    """Also for 5 in 1005: the empty hundred is said."""
    hundreds, rest = divmod(number, 100)
    said = f"{DIGITS[hundreds]} trăm"
    if not rest:
        return said
    return f"{said} linh {DIGITS[rest]}" if rest < 10 else f"{said} {_below_hundred(rest)}"


def _below_hundred(number: int) -> str:
    tens, ones = divmod(number, 10)
    if not tens:
        return DIGITS[ones]
    said = "mười" if tens == 1 else f"{DIGITS[tens]} mươi"
    if not ones:
        return said
    last = {1: "một" if tens == 1 else "mốt", 4: "bốn" if tens == 1 else "tư", 5: "lăm"}.get(ones, DIGITS[ones])
    return f"{said} {last}"


def label(text: str, lang: str) -> str:
    """A ticket's number as it is called: "A105" -> "a một trăm linh năm"."""
    return _LABEL.sub(lambda found: _called(found, lang), text)


def label_spelt(text: str, lang: str) -> str:
    """The same sign by sign, to be sure: "a, một, không, năm"."""
    if voice_of(lang) == "en":
        return ", ".join(text)
    return ", ".join(LETTERS.get(sign.upper()) or (DIGITS[int(sign)] if sign.isdecimal() else sign) for sign in text if sign.isalnum())


def _called(found: re.Match[str], lang: str) -> str:
    letters, digits = found[1], found[2]
    if voice_of(lang) == "en":
        return f"{' '.join(letters)} {digits if not digits.startswith('0') else ' '.join(digits)}"
    named = " ".join(LETTERS.get(letter.upper(), letter) for letter in letters)
    number = " ".join(DIGITS[int(digit)] for digit in digits) if digits.startswith("0") else number_words(int(digits))
    return f"{named} {number}"


def speakable(text: str, lang: str) -> str:
    """A text of the screen without a sign that is read wrongly or not at all."""
    english = voice_of(lang) == "en"
    steps: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
        (_DATE, _english_date if english else _date),
        (_TIME, _keep if english else _time),
        (_RANGE, lambda found: f"{found[1]} {'to' if english else 'đến'} {found[2]}"),
        (_LABEL, lambda found: _called(found, lang)),
        (_NUMBER, _keep if english else lambda found: number_words(int(found[0]))),
    )
    for pattern, said in steps:
        text = pattern.sub(said, text)
    text = re.sub(r"\s*[()⟦⟧]\s*|\s+[–-]\s+", ", ", text.replace("…", "."))
    return re.sub(r"\s+", " ", text).strip(" ,")


def _keep(found: re.Match[str]) -> str:
    return found[0]


def _time(found: re.Match[str]) -> str:
    hour, minute = number_words(int(found[1])), int(found[2])
    return f"{hour} giờ" + (f" {number_words(minute)} phút" if minute else "")


def _date(found: re.Match[str]) -> str:
    said = f"ngày {number_words(int(found[1]))} tháng {number_words(int(found[2]))}"
    return said + (f" năm {number_words(int(found[3]))}" if found[3] else "")


def _english_date(found: re.Match[str]) -> str:
    return f"{int(found[1])} {MONTHS[int(found[2]) - 1]}" + (f" {found[3]}" if found[3] else "")
