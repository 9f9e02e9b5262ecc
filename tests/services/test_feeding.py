"""How the feed stands, by the log itself, and the order to send refused records again."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.domain.errors import Refusal
from queue_server.domain.principal import ROLES, Principal
from queue_server.services import feeding, fleet, ordering
from queue_server.web.pages import manager_feed
from tests.hall import SITE, Hall

MANAGER = Principal("person", "lan", (SITE,), ROLES["deputy"], "deputy", "lan")
FEED = Principal("key", "k1", (SITE,), frozenset({"feed", "read"}))
REFUSED = {"key": "S:t:1:1", "at": "2026-11-23T08:00:00+07:00", "status": 200, "code": "unknown_field", "detail": "không có lĩnh vực"}


def report(hall: Hall, position: str, **told: Any) -> dict[str, Any]:
    feed = {"position": position, "partner": "Một cửa", **told}
    return hall.do(lambda unit: fleet.heartbeat(unit, device="dossier-01", role="dossier", slots=[], feed=feed), who=FEED)


def standing(hall: Hall) -> dict[str, Any]:
    (feed,) = hall.look(feeding.feeds)["feeds"]
    return dict(feed)


def test_the_lag_is_what_stands_behind_its_place_in_the_log(hall: Hall) -> None:
    hall.issue()
    report(hall, "1-0")
    hall.clock.forward(1200)
    found = standing(hall)
    assert (found["behind"], found["lag_s"], found["late"], found["silent"]) == (hall.log()[-1].seq, 1200, True, True)
    report(hall, f"1-{hall.log()[-1].seq}")
    found = standing(hall)
    assert (found["behind"], found["lag_s"], found["late"], found["silent"]) == (0, 0, False, False)


def test_a_press_is_one_order_with_who_and_when_and_the_feed_fetches_it(hall: Hall) -> None:
    report(hall, "1-0", refused=1, newest_refused=[REFUSED])
    first = hall.do(lambda unit: feeding.resend(unit, record="S:t:1:1"), who=MANAGER)["orders"]
    again = hall.do(lambda unit: feeding.resend(unit, device="dossier-01", record="S:t:1:1"), who=MANAGER)["orders"]
    assert [order["id"] for order in first] == [order["id"] for order in again]
    (order,) = report(hall, "1-0")["orders"]
    assert (order["kind"], order["args"]) == ("resend", {"record": "S:t:1:1"})
    hall.do(lambda unit: ordering.done(unit, order["id"], ok=True, code="ok", detail="1 bản ghi đã được nhận"), who=FEED)
    assert [each["state"] for each in standing(hall)["orders"]] == ["done"]
    asked = [event for event in hall.log() if event.type == "device.ordered"]
    assert [(event.actor, event.data["kind"]) for event in asked] == [("person:lan", "resend")]


def test_without_a_feed_nobody_is_ordered(hall: Hall) -> None:
    with pytest.raises(Refusal, match="not_found"):
        hall.do(lambda unit: feeding.resend(unit), who=MANAGER)
    assert hall.look(feeding.feeds)["feeds"] == []


@pytest.mark.parametrize(
    ("told", "tone", "word"),
    [
        ({}, "good", "Đang gửi đều"),
        ({"refused": 2}, "warn", "2 bản ghi bị từ chối"),
        ({"trouble": "the dossier system answered 503", "refused": 2}, "warn", "Hệ thống hồ sơ chưa trả lời"),
        ({"late": True, "lag_s": 1500}, "bad", "Chậm 25 phút"),
        ({"silent": True, "late": True}, "bad", "Chương trình gửi không báo về"),
    ],
)
def test_the_page_says_the_worst_first(hall: Hall, told: dict[str, Any], tone: str, word: str) -> None:
    report(hall, "1-0")
    (shown,) = manager_feed.view_of({"feeds": [{**standing(hall), "late": False, "silent": False, **told}]})["feeds"]
    assert (shown["tone"], shown["word"]) == (tone, word)
