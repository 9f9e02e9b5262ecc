"""A case as plain JSON values and back, and the whole answer to it: what another process is given and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from queue_server.staffing.model import Centre, Credits, Habits, Post, Roster, Work
from queue_server.staffing.planning import (
    SHOWN_DAYS,
    Case,
    Outlook,
    Plan,
    outlook,
    plan,
    play_all,
    with_counters,
)
from queue_server.staffing.waits import Target

BESIDE = (-2, 0, 2)  # counters all day that are shown beside the plan, about as many as it has in the mean


def centre_data(centre: Centre) -> dict[str, Any]:
    return asdict(centre)


def centre_from(data: Mapping[str, Any]) -> Centre:
    habits = dict(data["habits"])
    habits["lunch"] = tuple(habits["lunch"]) if habits["lunch"] else None
    return Centre(
        services=tuple(Work(**row) for row in data["services"]),
        posts=tuple(Post(row["code"], tuple(row["skills"]), row["factor"]) for row in data["posts"]),
        rates=tuple(tuple(row) for row in data["rates"]),
        opening=tuple((begin, end) for begin, end in data["opening"]),
        habits=Habits(**habits),
        credits=Credits(**data["credits"]),
    )


def answer(question: Mapping[str, Any]) -> dict[str, Any]:
    """The plan of `centre` for `target`; with `more` people than usual and the usual `roster`, also what they mean for it."""
    centre, target = centre_from(question["centre"]), Target(**question["target"])
    more = int(question.get("more") or 0)
    if more:
        factor = (centre.visits + more) / max(1.0, centre.visits)
        case = Case(centre, target, factor=factor)
        roster = tuple(tuple((a, b) for a, b in spans) for spans in question["roster"])
        usual = outlook(play_all(centre, case.days(SHOWN_DAYS, 2), roster), target)
        return {"more": more, "visits": round(centre.visits + more), "as_planned": outlook_data(usual), "plan": plan_data(plan(case))}
    case = Case(centre, target)
    found = plan(case)
    hours = sum(end - begin for begin, end in centre.opening) / 3_600_000
    usual_counters = round(found.counter_hours / max(0.5, hours))
    counts = sorted({min(len(centre.posts), max(1, usual_counters + n)) for n in BESIDE})
    all_day = [{"counters": n, **outlook_data(with_counters(case, n))} for n in counts]
    return {"visits": round(centre.visits), "plan": plan_data(found), "all_day": all_day}


def outlook_data(seen: Outlook) -> dict[str, Any]:
    return {
        "days": seen.days,
        "met": seen.met,
        "mean_s": round(seen.mean_s),
        "tail_s": round(seen.tail_s),
        "mean_low_s": round(seen.low_s),
        "mean_high_s": round(seen.high_s),
        "ends_min": seen.end_ms[0] // 60_000,
        "ends_late_min": seen.end_ms[1] // 60_000,
    }


def plan_data(found: Plan) -> dict[str, Any]:
    rows = [
        {
            "from_min": row.slot * 30,
            "people": round(row.people, 1),
            "load": round(row.load, 1),
            "counters": row.counters,
            "codes": list(row.codes),
            "mean_s": None if row.mean_s is None else round(row.mean_s),
            "tail_s": None if row.tail_s is None else round(row.tail_s),
        }
        for row in found.half_hours
    ]
    return {
        "reached": found.reached,
        "beta": found.beta,
        "counter_hours": round(found.counter_hours, 1),
        "outlook": outlook_data(found.outlook),
        "half_hours": rows,
        "roster": roster_data(found.roster),
    }


def roster_data(roster: Roster) -> list[list[Sequence[int]]]:
    return [[list(span) for span in spans] for spans in roster]
