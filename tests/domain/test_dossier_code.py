"""Both forms of a dossier's code, however they were typed or scanned; anything else is left as it was written."""

from __future__ import annotations

import pytest

from queue_server.domain.dossier_code import known, normal


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("000.00.53.H48-220921-0001", "000.00.53.H48-220921-0001"),
        (" g09.20-20260609-0000001\n", "G09.20-20260609-0000001"),
        ("000.00.53.h48 – 220921 – 0001", "000.00.53.H48-220921-0001"),
        ("H36‑261122‑0001", "H36-261122-0001"),
        ("\uff28\uff14\uff18-220921-0001", "H48-220921-0001"),  # a phone's full-width letters
    ],
)
def test_both_forms_are_brought_to_one(typed: str, code: str) -> None:
    assert normal(typed) == code
    assert known(code)
    assert normal(code) == code


@pytest.mark.parametrize("other", ["H1", "hs 12/2026", "000.00.53.H48-2209-0001", "TOOLONG.53-220921-0001", "H48-220921-001", ""])
def test_what_is_neither_form_stays_as_written(other: str) -> None:
    assert normal(f"  {other} ") == other
    assert not known(other)
