"""The manager's list of what is unusual about a day, with plain reasons, and of every move in the order; and the rating tablets' addresses.

Nothing here says who a citizen is. An actor of the house is named by his account, because a manager asks him.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from queue_server.services import outliers, queries, rating
from queue_server.web.pages import words
from queue_server.web.pages.booking import day_in_words
from queue_server.web.pages.visit import Answer, Visit, show

MOVES = {
    "chosen": "Gọi ngoài thứ tự", "transferred": "Chuyển", "moved": "Chuyển điểm", "let_passed": "Nhường lượt", "readmitted": "Xếp lại",
    "released": "Trả về hàng chờ", "amended": "Đổi việc, ưu tiên",
}  # fmt: skip
KINDS = {"key": "máy", "device": "máy", "citizen": "người dân", "system": "hệ thống", "person": "cán bộ"}


def page(visit: Visit) -> Answer:
    """One day, today unless another is asked for."""
    wanted = request.args.get("date", "")
    with visit.reader() as reader:
        _, config = queries.house(reader, visit.site)
        told = outliers.of_day(reader, visit.site, date=wanted if _is_day(wanted) else None, now=visit.now_ms)
        people = {row["id"]: row["name"] for row in reader.people()}
        tablets = rating.addresses(reader, visit.site)
    counters = {code: spec.name for code, spec in config.counters.items()}
    return show(
        "unusual.html", visit, day=told["date"], day_name=day_in_words(told["date"], "vi"), tablets=tablets,
        lines=[line(each, people) for each in told["outliers"]],
        moves=[_move(each, people, counters) for each in told["moves"]],
    )  # fmt: skip


def line(each: Mapping[str, Any], people: Mapping[str, str]) -> dict[str, Any]:
    """One unusual thing in words: what, who, which numbers."""
    who = "" if each["kind"] in ("card", "absent_run") else who_of(each["who"], people)
    return {"text": each["text"]["vi"], "who": who, "labels": ", ".join(each["labels"][:12]) + ("…" if len(each["labels"]) > 12 else "")}


def who_of(actor: str, people: Mapping[str, str]) -> str:
    """An actor of the log as a manager knows him: an account by its name, the rest by kind."""
    kind, _, name = actor.partition(":")
    if kind == "person" and name in people:
        return people[name]
    return KINDS.get(kind, actor)


def _move(each: Mapping[str, Any], people: Mapping[str, str], counters: Mapping[str, str]) -> dict[str, Any]:
    what = MOVES.get(each["kind"], each["kind"])
    return {
        "at": words.hhmm(each["at"]),
        "what": f"{what} {each['count']} người" if each["kind"] == "let_passed" else what,
        "label": each["label"],
        "counter": counters.get(each["counter"] or "", each["counter"] or "–"),
        "who": who_of(each["actor"], people),
        "reason": each["reason"] or "",
    }


def _is_day(text: str) -> bool:
    return len(text) == 10 and text[4] == text[7] == "-" and text.replace("-", "").isdigit()
