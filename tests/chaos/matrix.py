"""A turn of the matrix on a line of its own: every cell of it, then the verdict on everything together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.cell import Cell, Seen, read_paper
from tests.chaos.line import Line
from tests.chaos.table import Fault
from tests.chaos.verdict import verdict


@dataclass
class Turn:
    """`recovery_s` by fault and step; `wrong`: what was not as it must be, a line each."""

    recovery_s: dict[tuple[str, str], float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    tickets: int = 0
    records: int = 0


def play(folder: Path, library: Path, cells: Iterable[tuple[Fault, str]], tell: Callable[[str], None] = lambda _: None) -> Turn:
    """Play these cells. A cell that fails does not end it: the line is healed and the next one begins."""
    turn, seen, line = Turn(), Seen(), Line(folder, library)
    try:
        for fault, step in cells:
            try:
                turn.recovery_s[fault.name, step] = Cell(line, seen, fault, step).play()
                tell(f"{fault.name:24} {step:9} {turn.recovery_s[fault.name, step]:5.1f} s")
            except Exception as broken:  # noqa: BLE001 - whatever a cell meets is its finding, and the others are played too
                turn.wrong.append(f"{fault.name} at {step}: {broken!r}; the kiosk shows {line.state()['screen']!r}")
                tell(turn.wrong[-1])
                line.heal()
        seen.paper = read_paper(line, folder)
        turn.tickets = len(seen.shown)
        if not line.fed(60):
            turn.wrong.append(f"the dossier feed stands at {line.feed_position()}, the log at {line.eye.board()['position']}")
    finally:
        line.close()
    turn.wrong += verdict(line, seen)
    turn.records = len(line.records())
    turn.wrong += [f"{path.name}: a traceback" for path in line.logs() if "Traceback" in path.read_text("utf-8", "replace")]
    line.tidy()
    return turn
