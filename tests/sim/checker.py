"""What was seen on the wires against what the log says: every way in which a number can be lost, doubled or lie.

Imports nothing of the product and trusts nobody: slips are read off the paper, calls off the boards, answers off the line,
records off the partner. Each finding is one sentence, empty is good.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sim import checker_servers as servers
from tests.sim.centre import Evidence
from tests.sim.checker_servers import Excuses, excuses, shift
from tests.sim.story import ENDS, Story, read

LATE_MS = 45_000  # so far a board that believes itself live may be behind
OFFLINE = "number given offline"  # the server was asked and did not answer: its number is nobody's
DEEDS = {
    "recall": "recalled", "serve": "serving_started", "hold": "held", "resume": "resumed", "release": "released",
    "transfer": "transferred", "complete": "completed", "no-show": "no_show", "cancel": "cancelled", "amend": "amended",
    "readmit": "readmitted", "rate": "rated", "undo": "undone", "print-outcome": "print_outcome", "reprint": "reprinted",
}  # fmt: skip


def judge(found: Evidence) -> list[str]:
    """What is wrong with the day."""
    story, excused = read(found.log), excuses(found)
    wrong = list(story.wrong)
    for look in (_server, _boards, _rings, _records, _rows, *servers.LOOKS):
        wrong += look(found, story)
    for judged in (_answers, _people, _paper, _reports):
        wrong += judged(found, story, excused)
    return wrong


def _server(found: Evidence, story: Story) -> Iterator[str]:
    for broken in found.broken:
        yield f"the server broke: {broken}"
    if not {"day.closed", "day.sealed"} <= {row["type"] for row in found.log}:
        yield "the day was not closed and sealed"
    for left in found.left_in_spools:
        yield f"never sent: {left}"


# ---------------------------------------------------------------- the line
def _answers(found: Evidence, story: Story, excused: Excuses) -> Iterator[str]:
    first: dict[str, Any] = {}
    for said in found.heard:
        request = said.body.get("request_id", "")
        if said.status >= 300 or not request or excused.said(said):
            continue
        key = _heart(said.answer)
        if first.setdefault(request, key) != key:
            yield f"{request}: two answers, {first[request]} and {key}"
        yield from _effect(said, story.by_cmd.get(request, []), story)
    for cmd, rows in story.by_cmd.items():
        deeds = Counter((row["type"], row["ticket"]) for row in rows if row["ticket"] and row["type"] != "undone")
        if any(n > 1 for n in deeds.values()) and not cmd.startswith("job:"):
            yield f"{cmd} did the same twice: {dict(deeds)}"
        if sum(row["type"] == "called" for row in rows) > 1:
            yield f"{cmd} called two people"


def _heart(answer: dict[str, Any]) -> Any:
    ticket = answer.get("ticket", answer)
    return (ticket.get("id"), ticket.get("label"), ticket.get("state")) if isinstance(ticket, dict) else ticket


def _effect(said: Any, rows: list[dict[str, Any]], story: Story) -> Iterator[str]:
    what, request = said.path.rsplit("/", 1)[-1], said.body.get("request_id", "")
    kinds = {row["type"] for row in rows}
    if what == "tickets":
        issued = [(row["ticket"], row["label"], row["service"]) for row in rows if row["type"] == "issued"]
        if issued != [(said.answer["id"], said.answer["label"], said.body["service"])]:
            yield f"{request}: answered {said.answer['label']}, the log has {issued}"
    elif what == "next":
        told = said.answer["ticket"]
        called = [(row["label"], row["counter"]) for row in rows if row["type"] == "called"]
        if called != ([(told["label"], said.path.split("/")[-2])] if told else []):
            yield f"{request}: answered {told and told['label']}, the log called {called}"
    elif what in ("settle", "restate"):
        yield from _settled(said.answer, story)
    elif _missing(what, said.path, kinds):
        yield f"{request}: {what} was acknowledged and is not in the log"


def _missing(what: str, path: str, kinds: set[str]) -> bool:
    """Whether a deed on a ticket left no row. A counter's `resume` is another command; a completed step may go on."""
    if what not in DEEDS or (what == "resume" and "/counters/" in path):
        return False
    return not kinds & ({"completed", "transferred"} if what == "complete" else {DEEDS[what]})


def _settled(answer: dict[str, Any], story: Story) -> Iterator[str]:
    for one in answer["tickets"]:
        if one["result"] in ("settled", "already") and one["ticket_id"] not in story.visits:
            yield f"{one['number']} was settled and is not in the log"
        if one["result"] == "conflict":
            yield f"{one['number']} of a lease is refused"


# ---------------------------------------------------------------- people
def _people(found: Evidence, story: Story, excused: Excuses) -> Iterator[str]:
    holders: dict[str, str] = {}
    given = [("somebody alone", one["at_ms"], one["ticket"], one["label"]) for one in found.given]
    told = [(person.name, *label) for person in found.people for label in person.labels]
    for name, _, ticket, label in told + given:
        visit = story.visits.get(ticket)
        if visit is None and ticket in excused.lost:
            continue
        if visit is None or visit.label != label:
            yield f"{name} was told {label}, which the log does not know"
        elif visit.state not in ENDS:
            yield f"{name} with {label} waits for ever ({visit.state})"
        if holders.setdefault(label, name) != name:
            yield f"{label} was given to {holders[label]} and to {name}"
    yield from _alone(found)
    for row in found.log:
        if row["type"] in ("expired", "closed_by_system") and row["ticket"] not in excused.reported:
            yield f"{row['label']} was still there when the day was closed ({row['type']})"


def _alone(found: Evidence) -> Iterator[str]:
    for one in found.given:
        rows = [row for row in found.log if row["type"] == "issued" and row["ticket"] == one["ticket"]]
        if rows and rows[0]["data"]["issued_at"] != one["at_ms"]:
            yield f"{one['label']} was given out at another time than the log says"
    for person in found.people:
        if not person.labels:
            yield f"{person.name} never got a number"


# ---------------------------------------------------------------- paper
def _texts(rows: tuple[bytes, ...]) -> list[str]:
    return b"".join(rows).decode("ascii", "replace").split('{"lines"')[1:]


def _slip(text: str) -> dict[str, str] | None:
    try:
        body = json.loads('{"lines"' + text.rstrip("\x00 "))
    except ValueError:
        return None
    lines = dict(reversed(body["lines"]))
    return {**lines, "qr": body["qr"]}


def _paper(found: Evidence, story: Story, excused: Excuses) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for piece in found.paper:
        slips = [_slip(text) for text in _texts(piece.rows)]
        if len(slips) > 1:
            yield f"two numbers hang on one paper at {piece.kiosk}"
        for slip in filter(None, slips):
            label = slip.get("number", "")
            again = "reprint" in slip
            seen[label] += not again
            ticket = story.labels.get(label)
            issued = [row for row in found.log if row["type"] == "issued" and row["ticket"] == ticket]
            at_ms = issued[0]["data"]["issued_at"] if issued else 0
            if not issued or at_ms > piece.at_ms + shift(found, piece.at_ms):
                yield f"a slip with {label}, which was not issued"
                continue
            local = datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=7)
            if slip.get("time", "") != local.strftime("%H:%M") or slip.get("service", issued[0]["service"]) != issued[0]["service"]:
                yield f"the slip of {label} says {slip.get('time')} {slip.get('service')}, the log {local:%H:%M} {issued[0]['service']}"
    yield from (f"{label} was printed {n} times" for label, n in seen.items() if n > 1)


def _reports(found: Evidence, story: Story, excused: Excuses) -> Iterator[str]:
    """What the log says of slips against the paper."""
    slips = [(piece.at_ms, slip) for piece in found.paper for text in _texts(piece.rows) if (slip := _slip(text))]
    whole = {slip["number"]: at_ms + shift(found, at_ms) for at_ms, slip in reversed(slips) if "number" in slip}
    # A question may arrive after its own taking back, which then found nothing to take back: nobody holds that number.
    # Or a clerk has begun to serve the place where nobody came: what is being served is not taken back.
    refused = [said for said in found.heard if said.path.endswith("/cancel") and said.body.get("reason") == OFFLINE]
    dropped = {said.path.split("/")[-2] for said in refused if said.status == 404 or said.answer.get("state") in ("serving", "completed")}
    alone = {one["ticket"] for one in found.given} | dropped
    for visit in story.visits.values():
        rows = [row for row in found.log if row["ticket"] == visit.id]
        if rows[0]["data"].get("source") != "kiosk" or visit.id in alone | excused.reported:
            continue
        if any(row["type"] == "cancelled" and row["data"].get("reason") == OFFLINE for row in rows):
            if visit.label in whole:
                yield f"{visit.label} was taken back and printed"
            continue
        outcomes = {row["data"]["outcome"]: row["at"] for row in rows if row["type"] == "print_outcome"}
        if (reports := sum(row["type"] == "print_outcome" for row in rows)) != 1:
            yield f"{visit.label}: {reports} reports of its slip"
        if "printed" in outcomes and whole.get(visit.label, found.end_ms * 2) > outcomes["printed"]:
            yield f"{visit.label} is reported printed, and there is no slip"
        if "not_sent" in outcomes and visit.label in whole:
            yield f"{visit.label} is reported not sent, and its slip is there"


# ---------------------------------------------------------------- boards
def _boards(found: Evidence, story: Story) -> Iterator[str]:
    grown, true = servers.growth(found), servers.boards(found, story)
    place, due = 0, (1, 0)
    last = {}
    for sight in found.sights:
        while place < len(grown) and grown[place][0] <= sight.at_ms - LATE_MS:
            due = max(due, grown[place][1:])
            place += 1
        last[sight.board], at = sight, (sight.epoch, sight.seq)
        if sight.link == "live" and at < due:
            yield f"{sight.board} believes itself live at row {at}, {due} is old"
        if not sight.sure or sight.link == "dead":
            continue
        calls, waiting = true.get(at, ((), -1))
        if sight.calls != calls:
            yield f"{sight.board} at row {at} shows {sight.calls}, true is {calls}"
        elif sight.waiting != waiting:
            yield f"{sight.board} at row {at} says {sight.waiting} wait, true is {waiting}"
    for board, sight in last.items():
        if (sight.epoch, sight.seq) != (found.log[-1]["epoch"], found.log[-1]["seq"]):
            yield f"{board} never came to the log's end"


def _rings(found: Evidence, story: Story) -> Iterator[str]:
    rows = [row for log in (found.log, *found.rules.branches) for row in log if row["type"] in ("called", "recalled")]
    calls = {(row["epoch"], row["seq"]): row for row in rows}
    true = Counter((row["label"], row["counter"], row["at"]) for row in calls.values())
    rung: Counter[Any] = Counter()
    for ring in found.rings:
        if (ring.label, ring.counter, ring.called_ms) not in true:
            yield f"{ring.board} rang {ring.label} to {ring.counter}, who was not called"
        rung[ring.board, ring.life, ring.label, ring.counter, ring.called_ms] += 1
    yield from (f"{key[0]} rang {key[2]} {n} times for {true[key[2:]]} calls" for key, n in rung.items() if n > true[key[2:]])
    written = {(epoch, seq): at_ms for at_ms, epoch, seq in servers.growth(found)}
    before: dict[str, Any] = {}
    for sight in found.sights:
        old, row = before.get(sight.board), calls.get((sight.epoch, sight.seq))
        before[sight.board] = sight
        if row is None or old is None or (old.life, old.epoch, old.seq + 1) != (sight.life, sight.epoch, sight.seq):
            continue
        late = sight.at_ms - written.get((sight.epoch, sight.seq), sight.at_ms) > 50_000
        if not late and not rung[sight.board, sight.life, row["label"], row["counter"], row["at"]]:
            yield f"{sight.board} did not ring for {row['label']}"


# ---------------------------------------------------------------- records and rows
def _records(found: Evidence, story: Story) -> Iterator[str]:
    said: dict[tuple[str, int], dict[str, Any]] = {}
    newest: dict[str, int] = {}
    epochs: dict[str, int] = {}
    ids: dict[tuple[str, int], str] = {}
    for record in found.records:
        key, version = record["MaBanGhi"], record["PhienBan"]
        if said.setdefault((key, version), record) != record:
            yield f"record {key} version {version} says two things"
        if version > newest.get(key, 0) + 1 and record["KyNhatKy"] <= epochs.get(key, 1):
            yield f"record {key} jumps to version {version}"
        epochs[key] = max(epochs.get(key, 1), record["KyNhatKy"])
        newest[key] = max(newest.get(key, 0), version)
        if ids.setdefault((record["MaLuot"], record["BuocThu"]), key) != key:
            yield f"two records for step {record['BuocThu']} of {record['SoThuTu']}"
    for (key, version), record in said.items():
        before = said.get((key, version - 1))
        if before is not None and _content(before) == _content(record):
            yield f"record {key} was told again as version {version}"
    yield from _ended(story, said, newest, ids)


def _ended(story: Story, said: dict[Any, Any], newest: dict[str, int], ids: dict[tuple[str, int], str]) -> Iterator[str]:
    """Every visit that has ended is told of as it ended."""
    for visit in story.visits.values():
        key = ids.get((visit.id, visit.step))
        if visit.state not in ENDS:
            continue
        if key is None:
            yield f"{visit.label} has no record"
            continue
        record = said[key, newest[key]]
        wanted = (visit.label, visit.called_at, visit.ended_at, visit.service)
        told = (record["SoThuTu"], _ms(record["ThoiDiemGoi"]), _ms(record["ThoiDiemKetThuc"]), record["MaLinhVuc"])
        if told != wanted:
            yield f"the record of {visit.label} says {told}, the log {wanted}"


def _content(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("PhienBan", "ThuTuNhatKy", "KyNhatKy")}


def _ms(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1000)


def _rows(found: Evidence, story: Story) -> Iterator[str]:
    rows = {row["id"]: row for row in found.tickets}
    if rows.keys() != story.visits.keys():
        yield f"rows and log know other tickets: {rows.keys() ^ story.visits.keys()}"
        return
    for visit in story.visits.values():
        row = rows[visit.id]
        told = (row["state"], row["service"], row["label"])
        if told != (visit.state, visit.service, visit.label):
            yield f"the row of {visit.label} says {told}, the log {(visit.state, visit.service)}"
