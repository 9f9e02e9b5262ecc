"""The clerk's desk over the wire: shapes, words of refusal, an alarm that no board hears, and the way to another site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from queue_server.bootstrap import prepare
from queue_server.client import Client, Problem
from queue_server.contract import sse
from queue_server.domain.principal import SYSTEM
from queue_server.services import calling, command, configuring, counters, issuing
from tests.web.helpers import Process, Site, fresh_code, rid, until
from tests.web.test_openapi import validator
from tests.web.test_stream import read

SERVICE = "ho-tich"


def valid(name: str, body: dict[str, Any]) -> dict[str, Any]:
    validator(name).validate(body)
    return body


def test_answers_of_the_desk_have_the_documented_shape(site: Site) -> None:
    client = site.client()
    client.counter_command(rid(), "1", "open")
    ticket, absent = client.issue(rid(), service=SERVICE), client.issue(rid(), service=SERVICE)
    client.next(rid(), "1")
    client.on_ticket(rid(), ticket["id"], "hold", "1", until="2030-01-01T08:00:00+07:00")
    client.next(rid(), "1")
    client.at_counter(rid(), "1", "no-show")
    told = valid("Counter", client.counter("1"))
    assert [each["due"] for each in told["reminders"]] == [False]
    assert [each["label"] for each in told["absent"]] == [absent["label"]]
    assert told["idle_since"] is not None
    token = ticket["url"].rpartition("/")[2]
    assert valid("Checked", client.check_slip("1", ticket["url"]))["verdict"] == "right"
    assert valid("Checked", client.check_slip("2", token))["verdict"] == "other_counter"
    assert valid("Checked", client.check_slip("1", "không phải phiếu"))["verdict"] == "unknown"
    assert [each["id"] for each in valid("Found", client.find(ticket["label"].lower()))["tickets"]] == [ticket["id"]]
    assert "readmit" in {rule["code"] for rule in valid("Rules", client.rules())["rules"]}
    figures = client.metrics_day(ticket["business_day"])
    assert {"wrap_up", "paused", "by_counter"} <= set(figures)


def test_a_clerk_with_two_counters_and_a_colleague(site: Site) -> None:
    lan, mai = site.person("clerk"), site.person("clerk")
    http = site.nobody()
    answer = http.post("/login", json={"login": lan, "password": "rất-dài-và-bí-mật"})
    http.headers["X-CSRF-Token"] = answer.json()["csrf"]

    def ask(path: str, **body: Any) -> httpx.Response:
        return http.post(f"/api/v1/counters/{path}", json={"request_id": rid(), **body})

    for counter in "12":
        assert ask(f"{counter}/open").status_code == 200
    refused = ask("1/next")
    assert (refused.status_code, refused.json()["code"], refused.json()["active"]) == (409, "counter_inactive", "2")
    again = {"request_id": rid()}
    first = http.post("/api/v1/counters/1/activate", json=again)
    assert (first.status_code, first.json()["active"]) == (200, True)
    assert http.post("/api/v1/counters/1/activate", json=again).headers["Idempotent-Replayed"] == "true"
    given = ask("1/hand-over", to=mai)
    assert (given.status_code, given.json()["active"]) == (200, True)
    assert ask("1/hand-over", to=mai).json()["code"] == "counter_taken"
    unknown = ask("2/hand-over", to="ai-đó")
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/to")


def test_the_limit_of_dossiers_says_what_to_do(site: Site) -> None:
    client = site.client()
    client.counter_command(rid(), "1", "open")
    ticket = client.issue(rid(), service=SERVICE)
    client.next(rid(), "1")
    four = [{"code": "1.001193", "dossier_code": f"H48-261123-000{n}"} for n in range(4)]
    with pytest.raises(Problem) as no:
        client.on_ticket(rid(), ticket["id"], "procedures", "1", procedures=four)
    assert (no.value.status, no.value.code) == (409, "dossier_limit")
    assert client.on_ticket(rid(), ticket["id"], "complete", "1", more=1)["state"] == "waiting"


def test_a_clerk_may_take_somebody_in_again(site: Site) -> None:
    client, clerk = site.client(), site.signed_in("clerk")
    client.counter_command(rid(), "1", "open")
    ticket = client.issue(rid(), service=SERVICE)
    client.next(rid(), "1")
    client.at_counter(rid(), "1", "no-show")
    back = clerk.post(f"/api/v1/tickets/{ticket['id']}/readmit", json={"request_id": rid()})
    assert (back.status_code, back.json()["state"]) == (200, "waiting")


def test_an_alarm_is_silent(site: Site) -> None:
    """A board hears neither of it nor of who called for help; whoever follows the log does."""
    client = site.client()
    before = client.board()["calls"]
    client.counter_command(rid(), "1", "alarm", reason="quầy 1")
    client.issue(rid(), service=SERVICE)
    heard: list[sse.Frame] = []
    with httpx.stream("GET", f"{site.base}/b/{site.board_token}/stream?after=0", timeout=20) as answer:
        for frame in read(answer):
            heard.append(frame)
            if frame.event == "log" and frame.json()["type"] == "issued":
                break
    assert not any("alarm" in frame.data for frame in heard)
    assert client.board()["calls"] == before
    assert "counter.alarmed" in [event["type"] for event in client.events()["events"]]


def test_the_person_arrives_at_the_other_site_while_the_server_runs(site: Site) -> None:
    other = fresh_code()
    configuring.init_site(site.store, site=other, kind="training")
    both = Client(site.base, site.key(sites=[site.code, other]), timeout=20, site=site.code)
    there = Client(site.base, site.key(sites=[other]), timeout=20)
    site.closing += [both.close, there.close]
    both.counter_command(rid(), "1", "open")
    ticket = both.issue(rid(), service=SERVICE)
    both.next(rid(), "1")
    with pytest.raises(Problem) as no:
        both.on_ticket(rid(), ticket["id"], "transfer", "1", to={"site": "XX"})
    assert no.value.code == "invalid"
    assert both.on_ticket(rid(), ticket["id"], "transfer", "1", to={"site": other})["state"] == "moved"
    until(lambda: bool(there.queue()["tickets"]), within_s=60)
    assert [each["id"] for each in there.queue()["tickets"]] == [ticket["id"]]
    page = site.nobody().get(ticket["url"][ticket["url"].index("/t/") :] + ".json")
    assert (page.status_code, page.json()["label"], page.json()["state"]) == (200, ticket["label"], "waiting")
    there.counter_command(rid(), "1", "open")
    called = there.next(rid(), "1")["ticket"]
    assert called["id"] == ticket["id"]


def test_a_server_that_starts_finds_who_was_on_the_way_when_the_last_one_died(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/two.db"
    store = prepare(url)
    for code in ("ONE", "TWO"):
        configuring.init_site(store, site=code, kind="training")

    def do(n: int, use_case: Any) -> dict[str, Any]:
        return command.run(store, command.Command(f"r{n}", "ONE", SYSTEM, "test", str(n)), use_case).body

    ticket = do(1, lambda unit: issuing.issue(unit, service=SERVICE))
    do(2, lambda unit: counters.command(unit, "1", "open"))
    do(3, lambda unit: calling.next_ticket(unit, "1"))
    do(4, lambda unit: calling.on_ticket(unit, ticket["id"], "transfer", counter="1", to={"site": "TWO"}))

    def arrived() -> Any:
        with store.read() as reader:
            return reader.ticket("TWO", ticket["id"])

    assert arrived() is None
    running = Process(url, tmp_path / "server.log")
    try:
        until(lambda: arrived() is not None, within_s=60)
        assert arrived().state == "waiting"
    finally:
        running.close()
        store.close()
