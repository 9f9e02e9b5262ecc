"""Waits over HTTP: foreseen by the running server, looked up for a number, shown on pages, judged in the day's figures."""

from __future__ import annotations

from typing import Any

from tests.web.helpers import Site, rid, until

PATIENCE_S = 90.0  # the foreseer rests far longer than it works, and the tests' server has many sites


def test_a_wait_is_foreseen_told_shown_and_judged(site: Site, service: str) -> None:
    client = site.client()
    client.counter_command(rid(), "1", "open")
    first = client.issue(rid(), service=service)
    client.next(rid(), "1")
    tickets: list[dict[str, Any]] = []

    def foreseen() -> bool:
        tickets.append(client.issue(rid(), service=service))
        return len(tickets) > 1 and tickets[-1]["estimate"].get("model", "").startswith("what-if")  # who is next is told just that

    until(foreseen, PATIENCE_S)
    told = tickets[-1]["estimate"]
    assert told["low_s"] <= told["mid_s"] <= told["high_s"]
    assert not {"raw", "clock_ms"} & set(told)
    until(lambda: (client.board()["wait"] or {}).get("high_s", 0) > 0, PATIENCE_S)
    until(lambda: next(row["estimate"] for row in client.services()["services"] if row["code"] == service) is not None, PATIENCE_S)
    assert "khoảng" in site.nobody().get(tickets[-1]["url"]).text

    truth = client.metrics_day(first["business_day"])["accuracy"]["told"]
    assert truth["all"]["n"] + truth["all"]["no_wait"] == 1  # one of them was called
    assert truth["by_service"][service] == truth["all"]
    assert "Cả trung tâm" in site.signed_in("site_head").get("/manager/accuracy").text
