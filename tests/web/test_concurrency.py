"""Many at once over HTTP: numbers without gaps, nobody called twice, one answer per request id."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.web.helpers import Site, rid

CLIENTS, EACH = 8, 40


def test_eight_clients_issue_and_eight_counters_empty_the_queue(site: Site) -> None:
    client = site.client()
    counters = [row["code"] for row in client.counters()["counters"]][:CLIENTS]
    for code in counters:
        client.counter_command(rid(), code, "open")
    ids = [[rid("issue") for _ in range(EACH)] for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        issued = [ticket for batch in pool.map(lambda own: [client.issue(one, service="ho-tich") for one in own], ids) for ticket in batch]
    assert sorted(ticket["number"] for ticket in issued) == list(range(1, CLIENTS * EACH + 1))

    def empty(code: str) -> list[str]:
        called: list[str] = []
        while (ticket := client.next(rid("next"), code)["ticket"]) is not None:
            called.append(ticket["id"])
        return called

    with ThreadPoolExecutor(CLIENTS) as pool:
        called = [ticket for batch in pool.map(empty, counters) for ticket in batch]
    assert Counter(called) == Counter(ticket["id"] for ticket in issued)
    seqs = [event["seq"] for event in _log(client)]
    assert seqs == list(range(1, len(seqs) + 1))


def _log(client: object) -> list[dict[str, int]]:
    found: list[dict[str, int]] = []
    while page := client.events(str(len(found)), 1000)["events"]:  # type: ignore[attr-defined]
        found += page
    return found


def test_one_request_id_from_eight_clients_is_one_ticket(site: Site) -> None:
    client, same = site.client(), rid("same")
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda _: client.issue(same, service="ho-tich"), range(CLIENTS)))
    assert {answer["id"] for answer in answers} == {answers[0]["id"]}
    assert client.issue(rid(), service="ho-tich")["number"] == 2
