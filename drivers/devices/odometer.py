"""How much paper is left on the roll, counted by what was printed on it: many cheap printers have no near-end sensor.

Holds the arithmetic of one roll and its place in the journal. Reads no sensor and tells nobody (`ticket_printer` does).
A roll is known from the moment somebody says that a new one is in, or that a printer which had run out has paper again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

MM_PER_INCH = 25.4
LINE_MM = 4.233  # one line of `ESC d` at the usual spacing of 1/6 inch
CORE = 0.97  # the last winds stick to the core, and a maker's length is a round number
NEW_SLIP_MM = 110.0  # until one was printed
WEIGHT = 0.1  # of the newest slip in the usual length


@dataclass(frozen=True)
class Roll:
    """One roll of paper. `length_mm` 0: nobody ever said that a new one was put in, so what is left is unknown."""

    length_mm: int = 0
    used_mm: float = 0.0
    slips: int = 0
    slip_mm: float = NEW_SLIP_MM
    assumed: bool = False

    def after(self, slip_mm: float) -> Roll:
        usual_mm = slip_mm if not self.slips else self.slip_mm + WEIGHT * (slip_mm - self.slip_mm)
        return replace(self, used_mm=self.used_mm + slip_mm, slips=self.slips + 1, slip_mm=usual_mm)

    @property
    def slips_left(self) -> int | None:
        if not self.length_mm:
            return None
        return max(0, int((self.length_mm * CORE - self.used_mm) / self.slip_mm))


class Book(Protocol):
    """Where a roll is kept: the journal, in the same commit as the step it belongs to."""

    def roll(self, slot: str) -> Roll: ...
    def keep_roll(self, slot: str, roll: Roll) -> None: ...
    def sending(self, job_id: str, slot: str = "", roll: Roll | None = None) -> None: ...


class Odometer:
    """The roll in one printer. Used on the slot's own thread; `facts` may be read from any."""

    def __init__(self, book: Book, slot: str, dpi: int, length_m: float, low_slips: int) -> None:
        self._book, self._slot, self._dpi, self._length_m, self.low_slips = book, slot, dpi, length_m, low_slips
        self._roll = book.roll(slot)
        self._ran_out = False

    def sending(self, job_id: str, rows: int, feed_lines: int) -> None:
        """Counted before the first byte goes out: paper that may be gone is gone."""
        self._roll = self._roll.after(rows * MM_PER_INCH / self._dpi + feed_lines * LINE_MM)
        self._book.sending(job_id, self._slot, self._roll)

    def renew(self, length_m: float | None = None, *, assumed: bool = False) -> None:
        """A new roll is in."""
        length_mm = round((length_m or self._length_m) * 1000)
        self._roll = Roll(length_mm, slip_mm=self._roll.slip_mm, assumed=assumed)
        self._ran_out = False
        self._book.keep_roll(self._slot, self._roll)

    def watch(self, before: str, after: str) -> None:
        """Two health codes in a row. Paper that ended under our eyes and is there again is a new roll.

        A cover that was opened first proves nothing: lifted paper looks like none.
        """
        if after == "paper_out" and before in ("ok", "paper_low"):
            self._ran_out = True
        elif self._ran_out and after in ("ok", "paper_low"):
            self.renew(assumed=True)

    @property
    def low(self) -> bool:
        left = self._roll.slips_left
        return left is not None and left < self.low_slips

    def facts(self) -> dict[str, Any]:
        roll = self._roll
        if roll.slips_left is None:
            return {"slips_left": None}
        return {"slips_left": roll.slips_left, "roll_m": roll.length_mm / 1000, "roll_used_m": round(roll.used_mm / 1000, 1)}
