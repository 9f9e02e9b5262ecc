"""How true the waits of a day were: what was told with each number, and what pages showed to people who came 15 minutes later.

Holds the reading and the picture for the manager's page; what counts as true stands in `domain.accuracy`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from queue_server.domain import accuracy
from queue_server.domain.accuracy import Sample, Told
from queue_server.domain.config import SiteConfig

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row

SHOWN = "hall.waits_shown"
DEFINITIONS = {
    "told": "every visit that was given a wait with its number and was called: leased, moved and told-late ones are left out",
    "covered": "of the ranges, those into which the call fell; `early` came before the low end, `late` after the high end",
    "covered_percent": f"covered / n, meant to be {accuracy.AIM_PERCENT}",
    "error_s": "mean of |middle − waited| over the ranges, in seconds from the number to the first call, breaks included",
    "bias_s": "mean of middle − waited: above 0 people waited less than they were told",
    "no_wait": f"who was told that a counter is free; kept where the call came within {accuracy.KEPT_S} s",
    "shown": "what pages showed to a newcomer, judged by those without priority who took a number 15 minutes (± 7.5) later",
}


def subject(day: str) -> str:
    """What the samples of one business day hang on in the log."""
    return f"hall:waits:{day}"


def told(reader: Reader, site: str, day: str) -> Iterator[tuple[Row, Told]]:
    """Everybody of a day who was told a wait and has been called."""
    for row in reader.told_of_day(site, day):
        if row["voided"] or row["lease"] or row["moved_from"]:
            continue
        first, said = reader.steps_of(row)[0], reader.told_of(row)
        if first.first_called_at is not None and not first.entered_late and "low_s" in said:
            yield row, told_of(first.service, row["issued_at"], first.first_called_at, said)


def told_of(service: str, issued_at: int, called_at: int, said: dict[str, Any]) -> Told:
    """What one person was told, beside the call."""
    return Told(service, issued_at, called_at, said["low_s"], said["high_s"], said["basis"], said.get("mid_s"))


def day(reader: Reader, site: str, day: str, services: tuple[str, ...] = ()) -> dict[str, Any]:
    """The truth of one business day: `told` with the numbers, `shown` 15 minutes before them."""
    found = list(told(reader, site, day))
    events = reader.events_of(site, subject(day))
    samples = [Sample(each.at, {code: (ends[0], ends[1]) for code, ends in each.data["services"].items()}) for each in events]
    plain = [each for row, each in found if row["priority_class"] is None and row["appointment"] is None]
    return {
        "aim_percent": accuracy.AIM_PERCENT,
        "told": accuracy.judge((each for _, each in found), services),
        "shown": accuracy.judge(accuracy.shown(samples, plain), services) | {"samples": len(samples)},
        "definitions": DEFINITIONS,
    }


def of_service(whole: dict[str, Any], service: str) -> dict[str, Any]:
    """The same of one service alone."""
    parts = {name: {"all": whole[name]["by_service"].get(service) or accuracy.Truth().as_data()} for name in ("told", "shown")}
    return {"aim_percent": whole["aim_percent"], **parts, "definitions": whole["definitions"]}


def view(reader: Reader, site: str, config: SiteConfig, day_: str) -> dict[str, Any]:
    """For the manager's page: one row for the house and one per service that told somebody something."""
    whole = day(reader, site, day_)
    names = {code: service.name for code, service in config.services.items()}
    rows = [_row("Cả trung tâm", whole["told"]["all"], whole["shown"]["all"])]
    for code, found in sorted(whole["told"]["by_service"].items(), key=lambda item: -item[1]["n"]):
        rows.append(_row(names.get(code, code), found, whole["shown"]["by_service"].get(code) or accuracy.Truth().as_data()))
    return {"day": day_, "rows": rows, "aim_percent": whole["aim_percent"], "samples": whole["shown"]["samples"]}


def _row(name: str, found: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "told": found, "shown": shown}
