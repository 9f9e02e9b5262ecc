"""The log read by a stranger: who stood where after each row, by rules written down a second time.

Imports nothing of the product. What the story says is compared with what was seen by `checker`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

PRIORITY_MS, TRANSFER_MS = 1_800_000, 600_000
SERIES = {"a": "A", "b": "A", "c": "C"}
SERVED = {"1": ("a", "b"), "2": ("a", "b", "c"), "3": ("c", "a")}
THERE = ("called", "serving")
ENDS = ("completed", "no_show", "cancelled", "expired")

# what happened -> (from which states, to which)
ARROWS: dict[str, tuple[tuple[str, ...], str]] = {
    "called": (("waiting",), "called"),
    "recalled": (("called",), "called"),
    "serving_started": (("called",), "serving"),
    "held": (("called", "serving"), "held"),
    "resumed": (("held",), "serving"),
    "released": (("called", "held"), "waiting"),
    "transferred": (("called", "serving", "held"), "waiting"),
    "completed": (("called", "serving"), "completed"),
    "no_show": (("called",), "no_show"),
    "readmitted": (("no_show",), "waiting"),
    "cancelled": (("waiting", "called", "held"), "cancelled"),
    "expired": (("waiting", "held"), "expired"),
}


@dataclass(frozen=True)
class Visit:
    """One number's person as the rows tell."""

    id: str
    label: str
    seq: int
    service: str
    arrived: int
    priority: bool
    transfers: int = 0
    state: str = "waiting"
    counter: str | None = None
    kept_for: str | None = None
    step: int = 1
    called_at: int | None = None
    ended_at: int | None = None
    doubt: bool = False

    @property
    def place(self) -> tuple[bool, int, int]:
        """Whoever may hold no number is called when nobody else waits."""
        return self.doubt, self.arrived - PRIORITY_MS * self.priority - TRANSFER_MS * self.transfers, self.seq


@dataclass
class Story:
    """Everything that follows from the rows, and what is wrong with them."""

    visits: dict[str, Visit] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    by_cmd: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    boards: dict[tuple[int, int], tuple[tuple[tuple[str, str, str], ...], int]] = field(default_factory=dict)
    before: dict[int, Visit] = field(default_factory=dict)  # a ticket as it was before the row of that number
    undone: set[int] = field(default_factory=set)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    jumped: set[tuple[str, str]] = field(default_factory=set)  # day and series in which a new epoch has not given a number yet

    def say(self, what: str, row: dict[str, Any]) -> None:
        self.wrong.append(f"{what} (row {row['seq']}, {row['type']} {row['label'] or ''})")


def local_day(at_ms: int) -> str:
    return (datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=7)).date().isoformat()


def read(log: list[dict[str, Any]]) -> Story:
    story = Story()
    seq, at, day, last, epoch = 0, 0, "", "", 1
    for row in log:
        if row["epoch"] != epoch:
            _epoch(story, row, epoch, seq)
        if row["seq"] != seq + 1:
            story.say("the log has a gap", row)
        if row["at"] < at:
            story.say("site time went back", row)
        if row["business_day"] != local_day(row["at"]):
            story.say("another day than the calendar's", row)
        if row["hash"] != _hash(last if row["business_day"] == day else "", row):
            story.say("the chain of hashes is broken", row)
        seq, at, day, last, epoch = row["seq"], row["at"], row["business_day"], row["hash"], row["epoch"]
        story.by_cmd.setdefault(row["cmd"], []).append(row)
        if row["ticket"]:
            _one(story, row)
        there = [visit for visit in story.visits.values() if visit.state in THERE]
        if len({visit.counter for visit in there}) != len(there):
            story.say("two people at one counter", row)
        calls = tuple(sorted((visit.label, str(visit.counter), visit.state) for visit in there))
        story.boards[epoch, seq] = calls, sum(visit.state == "waiting" for visit in story.visits.values())
    _halves(story)
    return story


def _epoch(story: Story, row: dict[str, Any], before: int, end: int) -> None:
    """Another server goes on with this log: it says so first, and where the log it goes on with had ended."""
    if row["epoch"] < before:
        story.say("the epoch went back", row)
    first = row["type"] in ("site.epoch_started", "day.opened", "day.closed") or row["data"].get("machine_closed")
    if not first or (row["type"] == "site.epoch_started" and row["data"]["continues_after"] != end):
        story.say("another epoch, and the log does not say from where", row)
    story.jumped |= {(row["business_day"], series) for series in SERIES.values()}


def _halves(story: Story) -> None:
    """Whatever was undone was undone whole."""
    undone = [row for rows in story.by_cmd.values() for row in rows if row["type"] == "undone"]
    for cmd in {row["data"]["undoes_cmd"] for row in undone}:
        whole = {row["seq"] for row in story.by_cmd.get(cmd, []) if row["ticket"]}
        if not whole <= story.undone:
            story.wrong.append(f"{cmd} was undone in part: {sorted(whole - story.undone)} stand")


def _hash(previous: str, row: dict[str, Any]) -> str:
    body = {name: value for name, value in row.items() if name != "hash"}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}{text}".encode()).hexdigest()


def _one(story: Story, row: dict[str, Any]) -> None:
    if row["type"] == "issued":
        _issued(story, row)
        return
    visit = story.visits.get(row["ticket"])
    if visit is None:
        story.say("of a ticket never issued", row)
        return
    if visit.label != row["label"]:
        story.say(f"the label was {visit.label}", row)
    story.before[row["seq"]] = visit
    story.visits[visit.id] = _after(story, visit, row)


def _issued(story: Story, row: dict[str, Any]) -> None:
    data, service = row["data"], row["service"]
    series, number, day = data["series"], data["number"], data["business_day"]
    if row["ticket"] in story.visits:
        story.say("issued twice", row)
    if series != SERIES.get(service) or row["label"] != f"{series}{number:03d}":
        story.say("the label does not fit its service and number", row)
    if row["label"] in story.labels and day == row["business_day"]:
        story.say("a number given twice", row)
    story.labels[row["label"]] = row["ticket"]
    if data.get("restated"):
        _restated(story, row, number)
    elif data.get("lease"):
        if not 700 <= number <= 999:
            story.say("a leased number outside its band", row)
    else:
        _ordinary(story, row, (day, series), number)
        if data["issued_at"] != row["at"] or sum(one["type"] == "issued" for one in story.by_cmd[row["cmd"]]) > 1:
            story.say("one command issued twice, or at another time", row)
    visit = Visit(row["ticket"], row["label"], row["seq"], service, data["issued_at"], data.get("priority_class") == "elderly")
    visit = replace(visit, doubt=bool(data.get("doubt")))
    story.visits[visit.id] = visit


def _ordinary(story: Story, row: dict[str, Any], place: tuple[str, str], number: int) -> None:
    """The next one; after another server took over, one that lies beyond whatever may be on paper."""
    last = story.numbers.get(place, 0)
    if place in story.jumped:
        story.jumped.discard(place)
        if number <= last + 200:
            story.say(f"after a new epoch the number is {number}, {last} was known", row)
    elif number != last + 1 and (last, number) != (699, 1000):
        story.say("a number skipped or out of order", row)
    story.numbers[place] = number


def _restated(story: Story, row: dict[str, Any], number: int) -> None:
    """A number that another server gave: there must have been another, and it is none that may still be given."""
    data = row["data"]
    if row["epoch"] == 1:
        story.say("told again, and no server was replaced", row)
    place = data["business_day"], data["series"]
    if not 700 <= number <= 999 and place not in story.jumped and number > story.numbers.get(place, 0):
        story.say("told again with a number that will be given", row)


def _after(story: Story, visit: Visit, row: dict[str, Any]) -> Visit:
    kind, data = row["type"], row["data"]
    if kind == "undone":
        return _undone(story, visit, row)
    if kind == "amended":
        return _amended(story, visit, row)
    if kind == "closed_by_system":
        return replace(visit, state="completed" if visit.state == "serving" else "no_show", ended_at=row["at"])
    if kind in ("print_outcome", "reprinted"):
        if data.get("doubt") and data.get("outcome") not in ("not_sent", "unknown"):
            story.say("doubted for no reason", row)
        return replace(visit, doubt=bool(data.get("doubt")))
    if kind not in ARROWS:
        return visit
    sources, target = ARROWS[kind]
    if visit.state not in sources:
        story.say(f"a ticket that was {visit.state}", row)
    if kind == "called" and data.get("rule") == "next":
        _first(story, visit, row)
    return _moved(replace(visit, state=target), row)


def _moved(visit: Visit, row: dict[str, Any]) -> Visit:
    kind, data = row["type"], row["data"]
    if kind == "called":
        return replace(visit, counter=row["counter"], kept_for=None, called_at=visit.called_at or row["at"])
    if kind == "transferred":
        more = {"transfers": visit.transfers + 1, "step": visit.step + 1, "called_at": None}
        return replace(visit, service=data["service"], counter=None, kept_for=data.get("for_counter"), **more)
    if kind == "readmitted":
        return replace(visit, arrived=row["at"], transfers=0, counter=None, ended_at=None, doubt=False)
    if kind == "serving_started":
        return replace(visit, doubt=False)
    if kind == "released":
        return replace(visit, counter=None)
    return replace(visit, ended_at=row["at"]) if visit.state in ENDS else visit


def _amended(story: Story, visit: Visit, row: dict[str, Any]) -> Visit:
    to = row["data"]["to"]
    if visit.state not in ("waiting", "held"):
        story.say(f"amended while {visit.state}", row)
    priority = to["priority_class"] == "elderly" if "priority_class" in to else visit.priority
    return replace(visit, service=to.get("service", visit.service), kept_for=to.get("for_counter", visit.kept_for), priority=priority)


def _undone(story: Story, visit: Visit, row: dict[str, Any]) -> Visit:
    seq = row["data"]["undoes_seq"]
    before = story.before.get(seq)
    if before is None or before.id != visit.id or seq in story.undone:
        story.say("undoes what did not happen, or twice", row)
        return visit
    story.undone.add(seq)
    if row["data"]["restore"].get("state", visit.state) != before.state:
        story.say(f"undone to {row['data']['restore'].get('state')}, was {before.state}", row)
    return replace(before, doubt=bool(row["data"]["restore"].get("doubt", visit.doubt)))


def _first(story: Story, visit: Visit, row: dict[str, Any]) -> None:
    """Whether this one was the next: nobody who waits for this counter stood before."""
    served = SERVED[row["counter"]]
    waiting = [one for one in story.visits.values() if one.state == "waiting"]
    mine = [one for one in waiting if (one.kept_for == row["counter"] if one.kept_for else one.service in served)]
    if visit not in mine:
        story.say("called to a counter that does not serve it", row)
    elif (first := min(mine, key=lambda one: one.place)) != visit:
        story.say(f"skipped {first.label}", row)
