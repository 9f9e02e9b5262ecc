"""The shape of published figures, as JSON Schema. What each one means stands in their own `definitions`."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
SECONDS: Schema = {"anyOf": [WHOLE, {"type": "null"}]}
WORDS: Schema = {"type": "object", "additionalProperties": TEXT}
NUMBERS: Schema = {"type": "object", "additionalProperties": WHOLE}


def _obj(properties: dict[str, Schema], *optional: str) -> Schema:
    return {"type": "object", "properties": properties, "required": [name for name in properties if name not in optional]}


BRIEF_SPREAD = _obj(
    {"n": WHOLE, "sum_ms": WHOLE, "mean_s": SECONDS, "p50_s": SECONDS, "p90_s": SECONDS, "p95_s": SECONDS, "max_s": SECONDS}
)
SPREAD = _obj({**BRIEF_SPREAD["properties"], "histogram": NUMBERS})
SHARE = _obj({"target_s": WHOLE, "within": WHOLE, "of": WHOLE, "unserved_over": WHOLE, "permille": SECONDS})
SHARES: Schema = {"type": "array", "items": SHARE}
STEP_TIMES = (
    "wait", "wait_estimated", "before_opening", "over_breaks", "unserved", "unserved_estimated", "call_to_arrival", "service_time",
    "on_hold", "sojourn", "wrap_up", "paused",
)  # fmt: skip
VISIT_TIMES = ("wait", "wait_estimated", "first_wait", "unserved", "unserved_estimated", "service_time", "door_to_door")
VISIT = _obj(
    {"over": WHOLE, "several_steps": WHOLE, "left_out": WHOLE, "steps": NUMBERS}
    | dict.fromkeys(VISIT_TIMES, SPREAD)
    | {"shares": SHARES}
)  # fmt: skip
ROW = _obj(
    dict.fromkeys(("issued", "called", "served", "abandoned"), WHOLE)
    | dict.fromkeys(("wait", "unserved", "call_to_arrival", "service_time", "sojourn"), BRIEF_SPREAD)
    | {
        "visit": _obj({"over": WHOLE, "several_steps": WHOLE, "wait": BRIEF_SPREAD, "door_to_door": BRIEF_SPREAD}),
        "now": NUMBERS,
        "shares": SHARES,
    }
)
TABLE: Schema = {"type": "object", "additionalProperties": ROW}
HEAD = {"rules": TEXT, "closed": {"type": "boolean"}, "version": WHOLE, "digest": TEXT}
BODY: dict[str, Schema] = {
    "counts": NUMBERS,
    "now": NUMBERS,
    "marks": NUMBERS,
    **dict.fromkeys(STEP_TIMES, SPREAD),
    "shares": SHARES,
    "visit": VISIT,
    "by_service": TABLE,
    "by_counter": TABLE,
    "by_channel": TABLE,
    "by_half_hour": TABLE,
    "definitions": WORDS,
}
SERVICE = {"anyOf": [TEXT, {"type": "null"}]}
FIGURES = _obj({"site": TEXT, "date": TEXT, "service": SERVICE, "position": TEXT, **HEAD, **BODY})
DAY_IN_BRIEF = _obj({"site": TEXT, "date": TEXT, **HEAD, **ROW["properties"]})
FIGURES_OF_RANGE = _obj(
    {
        "site": TEXT,
        "sites": {"type": "array", "items": TEXT},
        "from": TEXT,
        "to": TEXT,
        "service": SERVICE,
        "position": TEXT,
        "positions": WORDS,
        "rules": TEXT,
        "digest": TEXT,
        "days": {"type": "array", "items": DAY_IN_BRIEF},
        **BODY,
    }
)
