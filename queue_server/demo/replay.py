"""A day from a file, played through the whole line: a card on the glass becomes a number, a slip, a call, a record.

At the end every visit is accounted for from the outside: the server's log says printed and called, the dossier system
says recorded, once.
"""

from __future__ import annotations

import json
import threading
from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from typing import Any

import click
import httpx

from queue_server.client import Client, Problem, Unreachable
from toiluot_edge import setup_log

from .centre import Centre
from .citizens import KioskHand, NoNumber
from .clerks import Clerk, Habits
from .pace import Pace, Stopped
from .report import summary
from .visits import Visit

LOAD = 0.75  # the clerks' share of busy time over the day: their pace follows from the number of visits
FINISH_S = 900.0
LOOK_S, ACCOUNT_EVERY_S = 0.25, 1.0
TRIES = 3


class Crowd(threading.Thread):
    """The day's people, in a line before the kiosk: each comes at the time of the file or as soon as it is free."""

    def __init__(self, hand: KioskHand, visits: Sequence[Visit], pace: Pace, midnight: float, log: Any) -> None:
        super().__init__(name="crowd", daemon=True)
        self._hand, self._visits, self._pace, self._midnight, self._log = hand, visits, pace, midnight, log
        self.tickets: list[str | None] = []

    def run(self) -> None:
        try:
            for visit in self._visits:
                self._pace.until(self._midnight + visit.at_s / self._pace.speed)
                self.tickets.append(self._take(visit))
        except Stopped:
            return

    def _take(self, visit: Visit) -> str | None:
        for _ in range(TRIES):
            try:
                return str(self._hand.take_number(visit.service, visit.card, hurry=True)["id"])
            except (httpx.HTTPError, NoNumber) as none:
                self._log.warning("no number at the kiosk", why=str(none))
        return None


def play(
    centre: Centre, facts: dict[str, Any], visits: Sequence[Visit], listed: Sequence[Mapping[str, Any]], pace: Pace, seed: int,
    midnight: float, as_json: bool,
) -> int:  # fmt: skip
    """Play the day, print the account; 0 where every visit is whole, 1 where one is not."""
    log = setup_log("demo")
    client = Client(facts["server"], facts["api_key"], 5.0)
    habits = habits_for(visits, listed, len(facts["counters"]))
    for counter in facts["counters"]:
        Clerk(client, counter, habits, pace, seed, log).thread().start()
    crowd = Crowd(KioskHand(facts["kiosk"], facts["devices"]["scanner"]["page"], pace), visits, pace, midnight, log)
    crowd.start()
    while crowd.is_alive():
        _look(centre, pace)
    deadline = pace.now() + FINISH_S
    found = _account(client, facts, crowd, visits)
    while (found is None or found["unfinished"]) and pace.now() < deadline and not pace.stop.is_set():
        _look(centre, pace, ACCOUNT_EVERY_S)
        found = _account(client, facts, crowd, visits) or found
    if found is None:
        click.echo("Không đọc được nhật ký hoặc bản ghi / log or records could not be read", err=True)
        return 1
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else summary(found))
    return 0 if found["ok"] else 1


def _account(client: Client, facts: dict[str, Any], crowd: Crowd, visits: Sequence[Visit]) -> dict[str, Any] | None:
    """The account as it stands; None while a program is just being started again."""
    try:
        return account(crowd.tickets, len(visits), events_of(client), records_of(facts))
    except (Unreachable, Problem, httpx.HTTPError):
        return None


def _look(centre: Centre, pace: Pace, pause_s: float = LOOK_S) -> None:
    centre.supervisor.watch()
    pace.stop.wait(pause_s)


def habits_for(visits: Sequence[Visit], listed: Sequence[Mapping[str, Any]], counters: int) -> Habits:
    """Minutes as they are known, or shorter where the day's people could not be served otherwise."""
    span_s = max(600.0, visits[-1].at_s - visits[0].at_s)
    possible = LOAD * counters * span_s / len(visits) / 60
    minutes = {str(service["code"]): min(float(service["minutes"]), possible) for service in listed}
    return Habits(minutes=minutes, procedures={str(s["code"]): [p["code"] for p in s["procedures"]] for s in listed})


# ---------------------------------------------------------------- the account
def events_of(client: Client) -> list[dict[str, Any]]:
    """The whole log."""
    events: list[dict[str, Any]] = []
    after = "0"
    while page := client.events(after, 1000)["events"]:
        events += page
        after = f"{page[-1]['epoch']}-{page[-1]['seq']}"
    return events


def records_of(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every version that the dossier system accepted."""
    rows: list[dict[str, Any]] = httpx.get(f"{facts['dossier']}records", params={"all": "1"}, timeout=30.0, trust_env=False).json()[
        "records"
    ]
    return rows


ENDS = {"completed", "no_show", "cancelled", "expired", "closed_by_system", "moved", "transferred"}


def account(
    tickets: Sequence[str | None], visits: int, events: Sequence[Mapping[str, Any]], records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What became of every visit. `unfinished`: people who are still in the house or whose record is on its way."""
    known = {ticket for ticket in tickets if ticket}
    printed = {e["ticket"] for e in events if e["type"] == "print_outcome" and e["data"]["outcome"] == "printed"} & known
    called = {e["ticket"] for e in events if e["type"] == "called"} & known
    ended = Tally(e["ticket"] for e in events if e["type"] in ENDS)
    said = Tally((record["MaBanGhi"], record["PhienBan"]) for record in records)
    steps: dict[str, set[str]] = {}
    for record in records:
        steps.setdefault(record["MaLuot"], set()).add(record["MaBanGhi"])
    twice = {key for (key, _), times in said.items() if times > 1}
    recorded = {ticket for ticket in known if ended[ticket] and len(steps.get(ticket, ())) == ended[ticket] and not steps[ticket] & twice}
    over = {e["ticket"] for e in events if e["type"] in ENDS - {"transferred"}}
    waits = [e["data"]["wait_ms"] for e in events if e["type"] == "called" and e["ticket"] in known]
    findings = [f"lượt {n}: không lấy được số" for n, ticket in enumerate(tickets, 1) if ticket is None]
    for name, having in (("không có phiếu in", printed), ("chưa được gọi", called), ("không có đúng một bản ghi mỗi bước", recorded)):
        findings += [f"{ticket}: {name}" for ticket in sorted(known - having)]
    whole = len(known) == visits == len(printed) == len(called) == len(recorded)
    return {
        "visits": visits,
        "numbered": len(known),
        "printed": len(printed),
        "called": len(called),
        "recorded": len(recorded),
        "records": len({record["MaBanGhi"] for record in records}),
        "mean_wait_s": sum(waits) // len(waits) // 1000 if waits else None,
        "unfinished": len((known - over) | (known - recorded)),
        "findings": findings,
        "ok": whole and not twice,
    }
