"""What a panel is asked to show, and what became of it. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Show:
    """Rows from the top. `hold_s`: so long it stands unless it is said again; None is for ever."""

    rows: tuple[str, ...]
    blink: bool = False
    hold_s: float | None = None


@dataclass(frozen=True)
class Shown:
    """`outcome`: shown (the panel said so), sent (it never says), not_shown (it will be tried again by itself)."""

    slot: str
    outcome: str
    code: str = "ok"
    detail: str = ""
    rows: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"slot": self.slot, "outcome": self.outcome, "code": self.code, "detail": self.detail, "rows": list(self.rows)}
