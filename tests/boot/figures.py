"""Figures of a boot, kept beside the kept trees in `figures.json`; the newest of each name stand in docs/operations.md."""

from __future__ import annotations

import json

from tests.boot.tree import alone, folder


def record(name: str, value: float, unit: str) -> None:
    path = folder() / "figures.json"
    with alone("figures"):
        held = json.loads(path.read_text()) if path.exists() else {}
        held[name] = f"{value:.1f} {unit}"
        path.write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n")
