"""Shape of the staffing advice: what is told of a plan per half hour, of a surge, and of one counter more or fewer now. Shapes only."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
SECONDS: Schema = {"type": "array", "items": WHOLE, "minItems": 3, "maxItems": 3, "description": "low, middle, high"}


def _obj(must: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": must, "required": list(must)}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _maybe(of: Schema) -> Schema:
    return {"anyOf": [of, {"type": "null"}]}


_SEEN = {
    "days": WHOLE, "met": WHOLE, "mean_s": WHOLE, "tail_s": WHOLE, "mean_low_s": WHOLE, "mean_high_s": WHOLE, "ends_min": WHOLE,
    "ends_late_min": WHOLE,
}  # fmt: skip
_HALF_HOUR = _obj(
    {
        "from_min": WHOLE, "people": NUMBER, "load": NUMBER, "counters": WHOLE, "usual": _maybe(NUMBER), "codes": _list(TEXT),
        "mean_s": _maybe(WHOLE), "tail_s": _maybe(WHOLE),
    }
)  # fmt: skip
_PLAN = _obj(
    {
        "reached": {"type": "boolean"}, "beta": _maybe(NUMBER), "counter_hours": NUMBER, "outlook": _obj(_SEEN),
        "half_hours": _list(_HALF_HOUR),
    }
)  # fmt: skip
_CHANGE = _obj(
    {
        "counters": _list(TEXT), "services": _list(TEXT), "before_s": SECONDS, "after_s": SECONDS, "saved_min": WHOLE, "people": WHOLE,
        "only": {"type": "boolean"},
    }
)  # fmt: skip
_LIVE = _obj(
    {
        "at": {"type": "string", "format": "date-time"},
        "opening": _list(_CHANGE),
        "closing": _list(_CHANGE),
        "ahead": _list(_obj({"from_at": {"type": "string", "format": "date-time"}, "wait_s": SECONDS, "waiting": WHOLE})),
        "paths": WHOLE,
    }
)
STAFFING = _obj(
    {
        "state": {"type": "string", "enum": ["ready", "reckoning", "too_little", "failed"]},
        "day": _maybe(TEXT),
        "history": _maybe(_obj({"basis": {"type": "string", "enum": ["days", "today", "nothing"]}, "days": WHOLE, "people": WHOLE})),
        "counters": _maybe(WHOLE),
        "target": _maybe(_obj({"mean_s": WHOLE, "tail_s": WHOLE})),
        "visits": _maybe(WHOLE),
        "plan": _maybe(_PLAN),
        "all_day": _list(_obj({"counters": WHOLE, **_SEEN})),
        "surge": _maybe(_obj({"more": WHOLE, "visits": WHOLE, "as_planned": _obj(_SEEN), "plan": _PLAN})),
        "live": _maybe(_LIVE),
    }
)
