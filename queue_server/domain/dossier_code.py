"""The code of a dossier as the one-stop office writes it: recognised and brought to one form, never made up.

Two forms are in use, an agency's dotted id, the date in six or in eight digits, and the number of the day:
`000.00.53.H48-220921-0001` and `G09.20-20260609-0000001`. Issuing codes is the dossier system's affair alone.
"""

from __future__ import annotations

import re
import unicodedata

FORM = re.compile(r"[0-9A-Z]{1,5}(?:\.[0-9A-Z]{1,5})*-(?:\d{6}|\d{8})-\d{4,7}", re.ASCII)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))  # what a word processor or a phone makes of a hyphen
_SPACES = re.compile(r"\s+")


def known(code: str) -> bool:
    """Whether a code, brought to one form, is one of the two in use."""
    return FORM.fullmatch(code) is not None


def normal(text: str) -> str:
    """A code that was typed or scanned, in one form: capitals, plain hyphens, no blanks. What is neither of the two forms
    even so stays as it was written, less the blanks around it: another office may write its codes another way."""
    tidy = _SPACES.sub("", unicodedata.normalize("NFKC", text).translate(_DASHES)).upper()
    return tidy if known(tidy) else text.strip()
