"""What a manager should look at: unusual takings and moves of a day, with plain reasons, and the list of moves itself.

Reads the log and the tickets of one business day. What counts as unusual is `domain.unusual`'s; nobody is refused anything here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, unusual
from queue_server.domain.config import Policy
from queue_server.domain.event import Event
from queue_server.domain.unusual import Move, Outlier
from queue_server.services.queries import house
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

SHOWN = 500
SAID: dict[str, dict[str, str]] = {
    "card": {"vi": "Một thẻ đã lấy {n} số trong ngày", "en": "One card took {n} numbers in a day"},
    "burst": {"vi": "Lấy {n} số trong {minutes} phút ở một máy", "en": "{n} numbers within {minutes} minutes at one machine"},
    "absent_run": {"vi": "{n} số liền nhau của một việc không có người đến", "en": "Nobody came for {n} numbers of one service in a row"},
    "chosen": {"vi": "Gọi ngoài thứ tự {n} lần", "en": "{n} calls out of turn"},
    "amended": {"vi": "Đổi việc hoặc diện ưu tiên {n} lần", "en": "{n} changes of service or priority"},
    "transferred": {"vi": "Một số đã chuyển quầy {n} lần", "en": "One number was transferred {n} times"},
    "readmitted": {"vi": "Một số đã được xếp lại {n} lần", "en": "One number was readmitted {n} times"},
    "let_passed": {"vi": "Một số đã nhường {n} người", "en": "One number let {n} people pass"},
}


def of_day(reader: Reader, site: str, *, date: str | None = None, now: int) -> dict[str, Any]:
    """The unusual of a day, and who was moved in the order, newest first."""
    _, config = house(reader, site)
    day = date or calendar.business_day(now, config.utc_offset_min)
    moves = [_move(event) for event in _moving(reader, site, day)]
    cards = reader.frequent_takers(site, day, unusual.CARD_NUMBERS)
    policy = config.policy
    found = unusual.outliers(
        cards,
        reader.taken_by_device(site, day),
        moves,
        alarm_count=policy.taking_alarm_count,
        alarm_s=policy.taking_alarm_s,
        ended=reader.states_of_day(site, day),
    )
    return {
        "site": site,
        "date": day,
        "outliers": [_line(each, policy) for each in found],
        "moves": [
            {
                "at": moment(each.at_ms), "kind": each.kind, "label": each.label, "actor": each.actor, "counter": each.counter,
                "reason": each.reason, "count": each.count,
            }
            for each in reversed(moves[-SHOWN:])
        ],
    }  # fmt: skip


def _line(each: Outlier, policy: Policy) -> dict[str, Any]:
    text = {lang: said.format(n=each.count, minutes=policy.taking_alarm_s // 60) for lang, said in SAID[each.kind].items()}
    return {"kind": each.kind, "who": each.who, "count": each.count, "text": text, "labels": list(each.labels)}


def _moving(reader: Reader, site: str, day: str) -> list[Event]:
    """The day's rows that changed somebody's place, in order: a call counts where it was out of turn."""
    found = reader.moves(site, day)
    return [event for event in found if event.type != "amended" or {"service", "priority_class"} & event.data["to"].keys()]


def _move(event: Event) -> Move:
    data = event.data
    kind = "chosen" if event.type == "called" else event.type
    count = data["count"] if event.type == "let_passed" else 1
    return Move(event.at, kind, event.label or "", event.actor, event.counter, data.get("reason"), count)
