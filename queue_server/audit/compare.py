"""The comparison: every stored row, figure, seal and answer against what the log adds up to. One line per finding.

Reads one moment of the database, also while a server writes to it. Findings begin with a stable word, so that a script
can count them; they name tickets by label and day, never a person (there is none to name).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from queue_server.audit import plain, plain_figures, plain_outages
from queue_server.services import figures_kept, queries

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.store import Store

PAGE = 2000
SAME = (
    "state", "service", "label", "number", "series", "business_day", "counter", "for_counter", "issued_at", "available_from",
    "effective_at", "called_at", "serving_at", "ended_at", "outcome", "recalls", "print", "doubt", "rating", "priority_class",
    "let_pass", "priority_check", "moved_from", "taken_for", "carried_to",
)  # fmt: skip
STEP_SAME = {
    "service": "service", "counter": "counter", "available_from": "available_from", "first_called_at": "first_called_at",
    "started_at": "started_at", "ended_at": "ended_at", "recalls": "recalls", "outcome": "outcome", "held_ms": "away_ms",
    "start_inferred": "inferred", "over_breaks_ms": "over_breaks_ms", "entered_late": "late",
}  # fmt: skip
TARGETS_S = (900, 1800)  # where a site has set none
ANSWERLESS = ("init:", "beat:", "job:")  # commands of the house itself whose answer nobody repeats


def findings(reader: Reader, site: str, day: str | None = None) -> list[str]:
    """Everything that does not agree at a site; with `day`, tickets and figures of that business day only."""
    log = read_log(reader, site)
    return [
        *_chain(log, reader, site),
        *_tickets(log, reader, site, day),
        *_counters(log, reader, site),
        *_appointments(log, reader, site),
        *_numbers(log, reader, site),
        *_twins(log),
        *_seals(log, reader, site),
        *_figures(log, reader, site, day),
        *_outages(log, reader, site, day),
        *_answers(log, reader, site),
    ]


def integrity(reader: Reader, site: str) -> list[str]:
    """The log alone: its sequence, hashes, times and end. Quick enough for every start."""
    return list(_chain(read_log(reader, site), reader, site))


def of_every_site(store: Store, look: Callable[[Reader, str], list[str]]) -> list[str]:
    """The findings of `look` at every site of a database, each with the site's code in front."""
    with store.read() as reader:
        return [f"{row['code']}: {found}" for row in reader.sites() for found in look(reader, row["code"])]


def read_log(reader: Reader, site: str) -> list[dict[str, Any]]:
    """Every row of a site's log, as plain values."""
    rows: list[dict[str, Any]] = []
    while page := reader.events_after(site, rows[-1]["seq"] if rows else 0, PAGE):
        rows += [{name: getattr(event, name) for name in event.__slots__} for event in page]
    return rows


def by_ticket(log: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each ticket, in order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event in log:
        if event["ticket"]:
            found.setdefault(event["ticket"], []).append(event)
    return found


def _chain(log: list[dict[str, Any]], reader: Reader, site: str) -> Iterator[str]:
    """Sequence, hashes, time and business day of every row, and the end of the log on the site's row."""
    row = reader.site(site) or {}
    offset = timedelta(minutes=reader.config(site, row["config_version"]).get("utc_offset_min", 420))
    before: dict[str, Any] | None = None
    for event in log:
        if before is not None and event["seq"] != before["seq"] + 1:
            yield f"log-gap: rows {before['seq'] + 1} to {event['seq'] - 1} are missing"
        else:
            follows = before["hash"] if before is not None and before["business_day"] == event["business_day"] else ""
            if plain.row_hash(follows, event) != event["hash"]:
                yield f"log-hash: row {event['seq']} was changed or does not follow the row before"
        if before is not None and event["at"] < before["at"]:
            yield f"log-time: row {event['seq']} is earlier than the row before"
        if (datetime.fromtimestamp(event["at"] / 1000, UTC) + offset).date().isoformat() != event["business_day"]:
            yield f"log-day: row {event['seq']} stands on the wrong business day"
        before = event
    if before is not None and (row["seq"], row["day_hash"], row["last_at"]) != (before["seq"], before["hash"], before["at"]):
        yield f"site-end: the site's row does not stand at the end of the log (row {before['seq']})"


def _tickets(log: list[dict[str, Any]], reader: Reader, site: str, day: str | None) -> Iterator[str]:
    """Every ticket's row against its events, and no row without events."""
    expected = {ticket: plain.read_ticket(events) for ticket, events in by_ticket(log).items()}
    days = {ticket["business_day"] for ticket in expected.values() if "business_day" in ticket}
    rows = {each.id: each for one in sorted(days if day is None else {day}) for each in reader.tickets_of_day(site, one)}
    for ticket_id, want in expected.items():
        if not want or (day is not None and want["business_day"] != day):
            continue
        row = rows.pop(ticket_id, None)
        name = f"{want['label']} of {want['business_day']}"
        if row is None:
            yield f"ticket-lost: {name} is in the log and has no row"
            continue
        for field in SAME:
            if getattr(row, field) != want[field]:
                yield f"ticket-{field}: {name} is {getattr(row, field)!r} in its row, {want[field]!r} by the log"
        yield from _steps(name, row, want)
    yield from (f"ticket-unasked: {row.label} of {row.business_day} has a row and was never issued" for row in rows.values())


def _steps(name: str, row: Any, want: dict[str, Any]) -> Iterator[str]:
    if len(row.steps) != len(want["steps"]):
        yield f"ticket-steps: {name} has {len(row.steps)} steps in its row, {len(want['steps'])} by the log"
        return
    for step, other in zip(row.steps, want["steps"], strict=True):
        for field, plain_field in STEP_SAME.items():
            if getattr(step, field) != other[plain_field]:
                yield f"step-{field}: step {step.n} of {name} is {getattr(step, field)!r}, {other[plain_field]!r} by the log"
        wait = None if other["first_called_at"] is None else max(0, other["first_called_at"] - other["available_from"])
        if step.wait_ms != wait:
            yield f"step-wait: step {step.n} of {name} waited {step.wait_ms} ms, {wait} by the log"


def _counters(log: list[dict[str, Any]], reader: Reader, site: str) -> Iterator[str]:
    expected = plain.read_counters(log)
    for row in reader.counters(site):
        if row.state != expected.get(row.code, "closed"):
            yield f"counter-state: {row.code} is {row.state} in its row, {expected.get(row.code, 'closed')} by the log"


def _appointments(log: list[dict[str, Any]], reader: Reader, site: str) -> Iterator[str]:
    """Every appointment's row against its events, and no hash of a contact whose booking is over."""
    expected = plain.read_appointments(log)
    for row in reader.appointments(site):
        want = expected.pop(row["id"], None)
        if want is None:
            yield f"appointment-unasked: {row['id']} has a row and was never booked"
        elif want != (row["state"], row["ticket"]):
            yield f"appointment-state: {row['id']} is {row['state']} in its row, {want[0]} by the log"
        if row["state"] != "booked" and row["contact_key"] is not None:
            yield f"appointment-contact: {row['id']} is over and the hash of its contact is still kept"
    yield from (f"appointment-lost: {appointment} is in the log and has no row" for appointment in expected)


def _numbers(log: list[dict[str, Any]], reader: Reader, site: str) -> Iterator[str]:
    """No number twice, and no row of a series that would give one out again."""
    seen: dict[tuple[str, str], list[int]] = {}
    for event in log:
        if event["type"] == "issued":
            seen.setdefault((event["data"]["business_day"], event["data"]["series"]), []).append(event["data"]["number"])
    last = {(row["business_day"], row["series"]): row["last_number"] for row in reader.all_series(site)}
    for (day, series), numbers in seen.items():
        twice = sorted({number for number in numbers if numbers.count(number) > 1}) if len(set(numbers)) != len(numbers) else []
        yield from (f"number-twice: {series}{number:03d} was issued more than once on {day}" for number in twice)
        ordinary = [number for number in numbers if not 700 <= number <= 999]
        if ordinary and last.get((day, series), 0) < max(ordinary):
            yield f"number-again: series {series} of {day} would give out {max(ordinary)} again"


def _twins(log: list[dict[str, Any]]) -> Iterator[str]:
    """No number given out on a day on which one of a day before was still good."""
    slips = {e["ticket"]: (e["data"]["series"], e["data"]["number"], e["data"]["business_day"]) for e in log if e["type"] == "issued"}
    days: dict[tuple[str, int], set[str]] = {}
    for series, number, day in slips.values():
        days.setdefault((series, number), set()).add(day)
    for event in log:
        if event["type"] == "carried" and event["ticket"] in slips:
            series, number, first = slips[event["ticket"]]
            for day in sorted(day for day in days[series, number] if first < day <= event["data"]["to_day"]):
                yield f"number-twins: {series}{number:03d} was issued on {day} while that of {first} was still good"


def _seals(log: list[dict[str, Any]], reader: Reader, site: str) -> Iterator[str]:
    """Each seal against the event that made it, the day's last hash, and the seal before."""
    ends = {event["business_day"]: event["hash"] for event in log}
    sealed = {event["data"]["day"]: event["data"] for event in log if event["type"] == "day.sealed"}
    previous = ""
    for row in reader.seals(site):
        body = sealed.pop(row["business_day"], None)
        if body is None:
            yield f"seal-unasked: {row['business_day']} has a seal and no event for it"
            continue
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        chained = row["previous"] == previous == body["previous"]
        if not chained or row["digest"] != hashlib.sha256(text.encode()).hexdigest() or body["digest"] != ends.get(row["business_day"]):
            yield f"seal-broken: the seal of {row['business_day']} does not verify"
        previous = row["digest"]
    yield from (f"seal-lost: {day} was sealed and the seal is gone" for day in sealed)


def _figures(log: list[dict[str, Any]], reader: Reader, site: str, day: str | None) -> Iterator[str]:
    """The published figures of each day against counting, and what is kept of closed days against what is reckoned of them."""
    tickets = [plain.read_ticket(events) for events in by_ticket(log).values()]
    row = reader.site(site) or {}
    settings = reader.config(site, row["config_version"])
    offset, targets = settings.get("utc_offset_min", 420), settings.get("policy", {}).get("targets_s", TARGETS_S)
    days = {ticket["business_day"] for ticket in tickets if ticket}
    for one in sorted(days if day is None else days & {day}):
        shown = queries.day_figures(reader, site, one, now=reader.now_ms)
        counted = plain_figures.day(tickets, log, one, offset_min=offset, targets_s=targets)
        for name, published, value in _differing(shown, counted):
            yield f"figure-{name}: {one} is published as {published}, {value} by the log"
        reckoned = figures_kept.reckoned(reader, site, one, shown["version"])
        if shown["digest"] != reckoned.digest:
            yield f"figures-kept: the figures kept of {one} are not those of its visits; the next close of a day makes them anew"


def _outages(log: list[dict[str, Any]], reader: Reader, site: str, day: str | None) -> Iterator[str]:
    """Every mark's row against its events, and what each day's figures say of outages against counting."""
    known = plain_outages.marks(log)
    rows = {each: reader.outage(site, each) for each in known}
    for each, want in known.items():
        row = dict(rows[each] or {})
        wrong = [name for name in ("system", "started_at", "ended_at") if row.get(name, "") != want[name]]
        if wrong or bool(row.get("withdrawn")) != want["withdrawn"]:
            yield f"outage-row: {each} differs from the log in {', '.join(wrong) or 'withdrawn'}"
    if not known:
        return
    tickets = [plain.read_ticket(events) for events in by_ticket(log).values()]
    settings = reader.config(site, (reader.site(site) or {})["config_version"])
    for one in sorted({ticket["business_day"] for ticket in tickets if ticket and day in (None, ticket["business_day"])}):
        shown = queries.day_figures(reader, site, one, now=reader.now_ms)["outages"]
        midnight = int(datetime.fromisoformat(f"{one}T00:00:00+00:00").timestamp() * 1000) - 60_000 * settings.get("utc_offset_min", 420)
        counted = plain_outages.day(log, tickets, settings, midnight, one, reader.now_ms)
        published = {system: {name: value for name, value in each.items() if name != "out_open_s"} for system, each in shown.items()}
        for name, said, value in _differing(published, counted, "outages"):
            yield f"figure-{name}: {one} is published as {said}, {value} by the log"


def _differing(shown: Any, counted: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where what is published is not what was counted: the name of the figure with its place, and both."""
    if isinstance(counted, dict) and isinstance(shown, dict):
        for key in sorted({*counted, *(() if name == "" else shown)}):
            yield from _differing(shown.get(key), counted.get(key), f"{name}.{key}" if name else key)
    elif isinstance(counted, list) and isinstance(shown, list) and len(counted) == len(shown):
        for n, (one, other) in enumerate(zip(shown, counted, strict=True)):
            yield from _differing(one, other, f"{name}.{n}")
    elif shown != counted and not (counted is None and _nothing(shown)):
        yield name, shown, counted


def _nothing(shown: Any) -> bool:
    """Whether a published part says that there was nothing: a service that is offered and that nobody came for."""
    if isinstance(shown, dict):
        return all(_nothing(each) for key, each in shown.items() if key != "target_s")
    return all(map(_nothing, shown)) if isinstance(shown, list) else not shown


def _answers(log: list[dict[str, Any]], reader: Reader, site: str) -> Iterator[str]:
    """Every command of the log has a stored answer as long as answers are kept, and answers name what the log names."""
    kept = reader.now_ms - 30 * 86_400_000
    issued = {event["cmd"]: event for event in log if event["type"] == "issued"}
    for cmd in sorted({event["cmd"] for event in log if event["at"] > kept and not event["cmd"].startswith(ANSWERLESS)}):
        row = reader.request(site, cmd)
        if row is None:
            yield f"answer-lost: command {cmd!r} is in the log and its answer is gone"
        elif cmd in issued and json.loads(row["body"]).get("label", issued[cmd]["label"]) != issued[cmd]["label"]:
            yield f"answer-other: command {cmd!r} would be answered with another number than it issued"
