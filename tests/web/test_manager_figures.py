"""What a manager reads in one glance: how many have a priority, how many were refused it, how much of the day is unusual."""

from __future__ import annotations

import re

from queue_server.domain import unusual
from tests.web.helpers import Site, rid


def tile(page: str, name: str) -> str:
    """The figure under a name, without its marks."""
    found = re.search(rf"<dt>(?:<a [^>]*>)?{name}(?:</a>)?</dt><dd>(.*?)</dd>", page)
    assert found, page
    return re.sub(r"<[^>]+>", "", found[1])


def test_priorities_given_and_refused_and_the_unusual_are_counted(site: Site, service: str) -> None:
    manager, desk = site.signed_in("site_head"), site.client()
    assert [tile(manager.get("/manager/live").text, name) for name in ("Có ưu tiên", "Ưu tiên bị từ chối", "Cần để ý")] == [
        "0 / –", "0 / 0 đã xem, –", "0",
    ]  # fmt: skip
    tickets = [desk.issue(rid(), service=service, priority_class="elderly") for _ in range(3)]
    desk.issue(rid(), service=service)
    for ticket, decision in zip(tickets, ("confirmed", "refused", "refused"), strict=True):
        desk.priority(rid(), ticket["id"], decision, "xem giấy tờ")
    for _ in range(unusual.CARD_NUMBERS):
        taken = desk.issue(rid(), service=service, holder_key="a" * 64)
        desk.cancel(rid(), taken["id"])
    page = manager.get("/manager/live").text
    assert tile(page, "Có ưu tiên").startswith("1 / ")
    assert tile(page, "Ưu tiên bị từ chối") == "2 / 3 đã xem, 67%"
    assert int(tile(page, "Cần để ý")) >= 1
    assert 'href="/unusual"' in page
