"""The feed's own contract over REST: records in batches, aggregates of days, look-up of a dossier, with OAuth2 tokens.

Field names, enums, date formats and paths may differ by configuration; the shape of the answers may not. The iGate-style
adapter shares how records are sent, because no product publishes a call for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from queue_server.dossier.payload import idempotency_key

from . import Dossier, NotOffered, Refusal, Result, Wait
from .login import OAuth
from .mapping import Names, NoValue, Shown
from .wire import Wire, said, words_of

LOOK_UP_S = 1.4  # the local look-up answers within a second and a half
STATUSES = ("accepted", "stale", "refused")


@dataclass(frozen=True, slots=True)
class Paths:
    """Where each call stands below the base; "" where the partner has none. `{code}`, `{site}` and `{day}` are filled in."""

    records: str = "/queue-records/batch"
    days: str = "/queue-days/{site}/{day}"
    look_up: str = "/dossiers/{code}"


@dataclass(frozen=True, slots=True)
class Words:
    """Names of what is sent and of what is read."""

    record: Names = field(default_factory=Names)
    day: Names = field(default_factory=Names)
    dossier: Shown = field(default_factory=Shown)


class Rest:
    """A partner that takes the feed as its contract has it."""

    def __init__(self, name: str, base: str, wire: Wire, login: OAuth, paths: Paths | None = None, words: Words | None = None) -> None:
        self._name, self._base, self._wire, self._login = name, base.rstrip("/"), wire, login
        self._paths, self._words = paths or Paths(), words or Words()

    @property
    def name(self) -> str:
        return self._name

    def close(self) -> None:
        self._wire.close()

    # ------------------------------------------------------------ records
    def deliver(self, records: Sequence[Mapping[str, Any]]) -> list[Result]:
        """The results, one per record and in the same order. A record that cannot be said in the partner's words is refused
        here, with the reason: nothing is sent of it."""
        if not self._paths.records:
            raise NotOffered
        mute, told = said_in(self._words.record, records)
        heard = [record for record, reason in zip(records, mute, strict=True) if reason is None]
        results = iter(self._send(heard, told) if told else [])
        return [reason or next(results) for reason in mute]

    def _send(self, records: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> list[Result]:
        # In a batch each record's own fields are its key; a batch of one also says it the way a PUT does.
        headers = {"Idempotency-Key": idempotency_key(records[0])} if len(records) == 1 else {}
        answer = self._login.call("POST", self._base + self._paths.records, json={"records": list(told)}, headers=headers)
        return results_of(answer, records, self._wire.far_end)

    # ------------------------------------------------------------ days
    def day(self, site: str, day: str, figures: Mapping[str, Any]) -> None:
        if not self._paths.days:
            raise NotOffered
        path = self._paths.days.format(site=quote(site, safe=""), day=quote(day, safe=""))
        headers = {"Idempotency-Key": f"{site}:{day}:{figures['PhienBan']}"}
        try:
            told = self._words.day.said(figures)
        except NoValue as gap:
            raise Refusal(0, "no_mapping", str(gap)) from gap
        self._login.call("PUT", self._base + path, json=told, headers=headers)

    # ------------------------------------------------------------ look-up
    def look_up(self, code: str) -> Dossier | None:
        if not self._paths.look_up:
            raise NotOffered
        url = self._base + self._paths.look_up.format(code=quote(code, safe=""))
        row = found_at(self._login, url, self._wire.far_end)
        return None if row is None else self._words.dossier.dossier(row, code)


def said_in(names: Names, records: Sequence[Mapping[str, Any]]) -> tuple[list[Result | None], list[dict[str, Any]]]:
    """Per record a refusal where it cannot be said in the partner's words, else None; and those that can, said."""
    mute: list[Result | None] = []
    told = []
    for record in records:
        try:
            told.append(names.said(record))
            mute.append(None)
        except NoValue as gap:
            mute.append(Result(str(record["MaBanGhi"]), "refused", "no_mapping", str(gap)))
    return mute, told


def found_at(login: OAuth, url: str, far_end: str, **request: Any) -> Any:
    """The JSON object there, None where the partner knows none (404)."""
    try:
        answer = login.call("GET", url, within_s=LOOK_UP_S, **request)
    except Refusal as refusal:
        if refusal.status == 404:
            return None
        raise
    row = said(answer)
    if not isinstance(row, dict):
        raise Wait(f"{far_end} answered {answer.status_code} without an object")
    return row


def results_of(answer: httpx.Response, records: Sequence[Mapping[str, Any]], far_end: str) -> list[Result]:
    """Only an answer that speaks of every record counts: otherwise nobody knows what was taken, and it is sent again."""
    body = said(answer)
    rows = body.get("results") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Wait(f"{far_end} answered {answer.status_code} without results")
    found = [
        Result(str(row.get("record_id")), str(row.get("status")), words_of(row.get("code") or "", 64), words_of(row.get("detail") or ""))
        for row in rows
    ]
    wanted = [str(record["MaBanGhi"]) for record in records]
    if [result.record_id for result in found] != wanted:
        by_id = {result.record_id: result for result in found}
        if len(set(wanted)) != len(wanted) or any(key not in by_id for key in wanted):
            raise Wait(f"{far_end}'s results do not match the records")
        found = [by_id[key] for key in wanted]
    if any(result.status not in STATUSES for result in found):
        raise Wait(f"{far_end}'s results use a status we do not know")
    return found
