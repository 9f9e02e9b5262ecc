"""A server as the kiosk's keeper sees it: it judges settlements and hands out numbers as a test says. Holds no network."""

from __future__ import annotations

from typing import Any

from queue_server.client import Problem


def answer(first: int = 700, count: int = 3, series: str = "A", lease: str = "L1") -> dict[str, Any]:
    numbers = range(first, first + count)
    entries = [{"number": n, "label": f"{series}{n}", "ticket_id": f"{lease}-{n}", "token": f"token-{n}"} for n in numbers]
    return {"id": lease, "series": series, "entries": entries}


class Far:
    """A server that judges settlements as a test says."""

    epoch = 1

    def __init__(self, *results: str) -> None:
        self.results, self.told, self.restated = list(results), [], []  # type: ignore[var-annotated]

    def settle(self, request_id: str, lease: str, tickets: list[dict[str, Any]]) -> dict[str, Any]:
        self.told.append((request_id, lease, [one["number"] for one in tickets]))
        if self.results and self.results[0] == "invalid":
            if len(tickets) > 1:
                raise Problem(422, "invalid", {})
            self.results.pop(0)
            raise Problem(422, "invalid", {})
        return {"tickets": [{**one, "result": self.results.pop(0) if self.results else "settled"} for one in tickets]}

    def lease(self, request_id: str, series: str, count: int) -> dict[str, Any]:
        return answer(800, count, series, f"L-{series}") | {"expires_at": "2026-11-24T00:00:00+07:00"}

    def restate(self, request_id: str, tickets: list[dict[str, Any]]) -> dict[str, Any]:
        self.restated.append((request_id, tickets))
        return {"tickets": [{**one, "result": "settled"} for one in tickets]}

    def day_key(self, request_id: str, offered: str | None) -> dict[str, Any]:
        raise Problem(404, "not_found", {})  # an older server knows of none
