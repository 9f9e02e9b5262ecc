"""A partner in the National Portal's style: a session by user name and password, one address for every call, `error_code` "00".

Made from the field names of the published integration guide (1.4 of 2020), tried against our own mock alone; no connection to
the Portal is claimed. `service` says what is wanted (`TraCuuHoSo` with `mahoso`); instants are `yyyyMMddHHmmss` in Vietnam's
time. The guide has no call for queue records: they go nowhere unless a service of that name was agreed on and configured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import Dossier, NotOffered, Refusal, Result, Wait
from .mapping import Names, NoValue, Shown
from .rest import LOOK_UP_S, STATUSES, Words, said_in
from .wire import Wire, pick, said, words_of

GOOD = "00"
DATE = "yyyyMMddHHmmss"
WORDS = Words(record=Names(date=DATE), day=Names(date=DATE), dossier=Shown())


@dataclass(frozen=True, slots=True)
class Calls:
    """Paths and names of services ("" where there is none), and what the numbers in `error_code` mean: `again` come back later,
    `expired` the session is over, `unknown` no such dossier. Any other is a refusal."""

    login: str = "/login"
    call: str = "/call"
    records: str = ""
    days: str = ""
    look_up: str = "TraCuuHoSo"
    again: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """The technical account of this site there; `unit` goes as `madonvi`."""

    username: str
    password: str = field(repr=False)
    unit: str = ""


class Portal:
    """Look-up by `TraCuuHoSo`; records and days as configured."""

    def __init__(self, name: str, base: str, wire: Wire, account: Account, calls: Calls | None = None, words: Words = WORDS) -> None:
        self._name, self._base, self._wire, self._account = name, base.rstrip("/"), wire, account
        self._calls, self._words = calls or Calls(), words
        self._session: str | None = None

    @property
    def name(self) -> str:
        return self._name

    def close(self) -> None:
        self._wire.close()

    def deliver(self, records: Sequence[Mapping[str, Any]]) -> list[Result]:
        if not self._calls.records:
            raise NotOffered
        mute, told = said_in(self._words.record, records)
        sent = [str(record["MaBanGhi"]) for record, reason in zip(records, mute, strict=True) if reason is None]
        results = iter(self._results(self._call(self._calls.records, {"data": told}), sent) if told else [])
        return [reason or next(results) for reason in mute]

    def day(self, site: str, day: str, figures: Mapping[str, Any]) -> None:
        if not self._calls.days:
            raise NotOffered
        try:
            told = self._words.day.said(figures)
        except NoValue as gap:
            raise Refusal(0, "no_mapping", str(gap)) from gap
        self._call(self._calls.days, {"data": [told]})

    def look_up(self, code: str) -> Dossier | None:
        if not self._calls.look_up:
            raise NotOffered
        try:
            body = self._call(self._calls.look_up, {"mahoso": code}, LOOK_UP_S)
        except Refusal as refusal:
            if refusal.code in self._calls.unknown:
                return None
            raise
        data = body.get("data")
        rows = data if isinstance(data, list) else [data]
        found = (self._words.dossier.dossier(row, code) for row in rows if isinstance(row, dict))
        return next((each for each in found if each is not None), None)

    # ------------------------------------------------------------ one call
    def _call(self, service: str, more: Mapping[str, Any], within_s: float | None = None) -> dict[str, Any]:
        """The body of a call that went well. A session that was used before may have ended: then once more with a new one."""
        held = self._session
        body = self._ask(self._calls.call, {"session": held or self._log_in(within_s), **self._named(service), **more}, within_s)
        code = str(body.get("error_code"))
        if held is not None and (code in self._calls.expired or (code != GOOD and not self._calls.expired)):
            body = self._ask(self._calls.call, {"session": self._log_in(within_s), **self._named(service), **more}, within_s)
            code = str(body.get("error_code"))
        if code in (*self._calls.again, *self._calls.expired):
            raise Wait(f"{self._wire.far_end} answered error_code {words_of(code, 40)}")
        if code != GOOD:
            raise Refusal(200, words_of(code, 64), words_of(body.get("message") or body.get("error_message") or ""))
        return body

    def _named(self, service: str) -> dict[str, str]:
        return {"madonvi": self._account.unit, "service": service}

    def _log_in(self, within_s: float | None) -> str:
        self._session = None
        body = self._ask(self._calls.login, {"username": self._account.username, "password": self._account.password}, within_s)
        session = body.get("session")
        if str(body.get("error_code")) != GOOD or not isinstance(session, str) or not session:
            raise Wait(f"no session from {self._wire.far_end}: error_code {words_of(body.get('error_code'), 40) or 'missing'}")
        self._session = session
        return session

    def _ask(self, path: str, body: Mapping[str, Any], within_s: float | None) -> dict[str, Any]:
        answer = self._wire.settled(self._wire.ask("POST", self._base + path, json=dict(body), within_s=within_s))
        found = said(answer)
        if not isinstance(found, dict):
            raise Wait(f"{self._wire.far_end} answered {answer.status_code} without an object")
        return found

    def _results(self, body: Mapping[str, Any], sent: Sequence[str]) -> list[Result]:
        """One result for all, or one per record, in their order, where the answer has them: `error_code`, or our own `status`."""
        rows = body.get("data")
        if not isinstance(rows, list) or not rows:
            return [Result(key, "accepted") for key in sent]
        theirs = self._words.record.fields.get("MaBanGhi", "MaBanGhi")
        if [str(pick(row, theirs)) for row in rows] != list(sent):
            raise Wait(f"{self._wire.far_end}'s results do not match the records")
        return [_result(key, row) for key, row in zip(sent, rows, strict=True)]


def _result(key: str, row: Any) -> Result:
    code, said_status = str(pick(row, "error_code")), pick(row, "status")
    status = said_status if said_status in STATUSES else "accepted" if code == GOOD else "refused"
    return Result(key, str(status), "" if code in (GOOD, "None") else words_of(code, 64), words_of(pick(row, "message")))
