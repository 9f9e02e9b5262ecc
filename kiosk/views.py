"""What every screen is made of: a view is a dictionary, a button carries the request it makes. Pure."""

from __future__ import annotations

from typing import Any

View = dict[str, Any]


def button(id: str, label: str, path: str, body: dict[str, Any] | None = None, **more: Any) -> View:
    """A button; `more` is how it is drawn."""
    return {"id": id, "label": label, "post": {"path": f"/api/{path}", "body": body or {}}, **more}
