"""`dossier run --partner FILE`: which adapter, where, under which names. Reading and checking alone.

Secrets are never in the file, only the names of files that hold them (relative to it, or handed over by systemd as a
credential), so that it can be shown to anybody. Whatever is not known is refused with its place in the file.

    kind = "rest"                       # rest, igate, portal
    name = "Hệ thống một cửa"
    base = "https://motcua.example.vn/api"
    private = false                     # true lets it into your own network, and http there

    [login]                             # rest and igate
    token_url = "https://motcua.example.vn/oauth/token"
    client_id = "hang-doi"
    secret_file = "dossier.secret"

    [records]
    date = "yyyyMMddHHmmss"
    fields = { MaDiemTiepNhan = "MaBoPhan", MucDoHaiLong = "" }
    enums.KenhThucHien = { truc_tiep = 1, truc_tuyen = 2, buu_chinh = 3 }
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from queue_server import outward
from toiluot_edge import Clock

from . import STATES, Adapter
from .igate import DOSSIER, PATHS, IGate
from .login import CLIENT_CREDENTIALS, OAuth
from .mapping import DATES, Names, Shown
from .portal import WORDS as PORTAL_WORDS
from .portal import Account, Calls, Portal
from .rest import Paths, Rest, Words
from .wire import Wire

KINDS = ("rest", "igate", "portal")
GRANTS = ("client_credentials", "password")
TOP = {"kind", "name", "base", "private", "login", "records", "days", "look_up", "answer_s"}


class BadPartner(ValueError):
    """The file does not describe a partner; the text says where and what is expected."""


class Table:
    """One table of the file: members are taken by type, and what was not asked for at the end is refused."""

    def __init__(self, path: Path, place: str, rows: Any) -> None:
        self._path, self._place, self._asked = path, place, set[str]()
        if not isinstance(rows, dict):
            raise BadPartner(f"{path}: [{place}] must be a table")
        self._rows: dict[str, Any] = rows

    def bad(self, name: str, expected: str) -> BadPartner:
        return BadPartner(f"{self._path}: {self._place}{'.' if self._place else ''}{name}: {expected}")

    def text(self, name: str, usual: str | None = None) -> str:
        self._asked.add(name)
        value = self._rows.get(name, usual)
        if not isinstance(value, str):
            raise self.bad(name, "text is needed")
        return value

    def flag(self, name: str) -> bool:
        self._asked.add(name)
        value = self._rows.get(name, False)
        if not isinstance(value, bool):
            raise self.bad(name, "true or false")
        return value

    def seconds(self, name: str, usual: float) -> float:
        self._asked.add(name)
        value = self._rows.get(name, usual)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 300:
            raise self.bad(name, "seconds from 1 to 300")
        return float(value)

    def texts(self, name: str) -> tuple[str, ...]:
        self._asked.add(name)
        value = self._rows.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.bad(name, "a list of texts")
        return tuple(value)

    def mapping(self, name: str) -> dict[str, Any]:
        self._asked.add(name)
        value = self._rows.get(name, {})
        if not isinstance(value, dict):
            raise self.bad(name, "a table")
        return value

    def table(self, name: str) -> Table:
        self._asked.add(name)
        return Table(self._path, name, self._rows.get(name, {}))

    def secret(self, name: str) -> str:
        """What the named file holds, less the line's end; it lies beside this file where its path is relative."""
        path = self._path.parent / self.text(name)
        try:
            return path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as bad:
            raise self.bad(name, f"{path} cannot be read") from bad

    def done(self) -> None:
        for name in self._rows:
            if name not in self._asked:
                raise self.bad(name, "not known here")


def load(path: Path, clock: Clock | None = None) -> tuple[Adapter, bool]:
    """The adapter, and whether it takes records at all."""
    try:
        rows = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as bad:
        raise BadPartner(f"{path}: {bad}") from bad
    top = Table(path, "", rows)
    kind, base, private = top.text("kind"), top.text("base"), top.flag("private")
    if kind not in KINDS:
        raise top.bad("kind", f"one of {', '.join(KINDS)}")
    _address(top, "base", base, private)
    name = top.text("name", "hệ thống hồ sơ")
    wire = Wire(private=private, answer_s=top.seconds("answer_s", 30.0), clock=clock)
    parts = (top.table("login"), top.table("records"), top.table("days"), top.table("look_up"))
    top.done()
    build = _portal if kind == "portal" else _rest
    return build(kind, name, base, wire, private, *parts)


def _address(table: Table, name: str, url: str, private: bool) -> None:
    try:
        outward.place(url, private=private)
    except outward.NotReachable as bad:
        raise table.bad(name, str(bad)) from bad


def _rest(
    kind: str, name: str, base: str, wire: Wire, private: bool, login: Table, records: Table, days: Table, look_up: Table
) -> tuple[Adapter, bool]:
    usual, shown = (PATHS, DOSSIER) if kind == "igate" else (Paths(), Shown())
    entry = _oauth(login, wire, private)
    paths = Paths(records.text("path", usual.records), days.text("path", usual.days), look_up.text("path", usual.look_up))
    words = Words(_names(records, RECORD), _names(days, DAY), _shown(look_up, shown, kind == "igate"))
    for table in (login, records, days, look_up):
        table.done()
    made = IGate if kind == "igate" else Rest
    return made(name, base, wire, entry, paths, words), bool(paths.records)


def _portal(
    kind: str, name: str, base: str, wire: Wire, private: bool, login: Table, records: Table, days: Table, look_up: Table
) -> tuple[Adapter, bool]:
    account = Account(login.text("username"), login.secret("password_file"), login.text("unit", ""))
    usual = Calls()
    calls = Calls(
        login=login.text("path", usual.login), call=login.text("call_path", usual.call), records=records.text("service", ""),
        days=days.text("service", ""), look_up=look_up.text("service", usual.look_up),
        again=login.texts("again"), expired=login.texts("expired"), unknown=look_up.texts("unknown"),
    )  # fmt: skip
    date = PORTAL_WORDS.record.date
    words = Words(_names(records, RECORD, date), _names(days, DAY, date), _shown(look_up, Shown(), False))
    for table in (login, records, days, look_up):
        table.done()
    return Portal(name, base, wire, account, calls, words), bool(calls.records)


def _oauth(login: Table, wire: Wire, private: bool) -> OAuth:
    url, method = login.text("token_url"), login.text("method", "client_secret_basic")
    _address(login, "token_url", url, private)
    if method not in ("client_secret_basic", "client_secret_post"):
        raise login.bad("method", "client_secret_basic or client_secret_post")
    grant, client = login.text("grant", GRANTS[0]), login.text("client_id")
    if grant not in GRANTS:
        raise login.bad("grant", f"one of {', '.join(GRANTS)}")
    asked: tuple[tuple[str, str], ...] = CLIENT_CREDENTIALS
    if grant == "password":
        asked = (("grant_type", "password"), ("username", login.text("username")), ("password", login.secret("password_file")))
    return OAuth(wire, url, client, login.secret("secret_file"), grant=asked, method=method)


# ---------------------------------------------------------------- names
def _schema_fields(name: str) -> frozenset[str]:
    return frozenset(json.loads(files("queue_server.dossier").joinpath(name).read_text("utf-8"))["properties"])


RECORD, DAY = "record.schema.json", "day.schema.json"


def _names(table: Table, schema: str, usual_date: str = "rfc3339") -> Names:
    """Field names and enums, checked against what there is to say."""
    known, fields, enums = _schema_fields(schema), table.mapping("fields"), table.mapping("enums")
    date = table.text("date", usual_date)
    if date not in DATES:
        raise table.bad("date", f"one of {', '.join(DATES)}")
    for name, theirs in fields.items():
        if name not in known or not isinstance(theirs, str):
            raise table.bad(f"fields.{name}", "a field of the feed to a name of the partner's")
    for name, values in enums.items():
        if name not in known or not isinstance(values, Mapping):
            raise table.bad(f"enums.{name}", "a field of the feed to a table of its values")
    return Names(fields, enums, date)


def _shown(table: Table, usual: Shown, states_needed: bool) -> Shown:
    """Where the members of a dossier stand, and what the states mean."""
    fields, states = table.mapping("fields"), table.mapping("states")
    places = ("code", "state", "procedure", "due", "collect_at")
    for name, path in fields.items():
        if name not in places or not isinstance(path, str):
            raise table.bad(f"fields.{name}", f"one of {', '.join(places)} to where it stands, as a.b.0.c")
    for theirs, ours in states.items():
        if isinstance(ours, bool) or ours not in STATES:
            raise table.bad(f"states.{theirs}", "one of the ten states, 1 to 10")
    if states_needed and not states and table.text("path", PATHS.look_up):
        raise table.bad("states", "what their numbers mean is not published: a map to the ten states is needed")
    return Shown(**{name: fields.get(name, getattr(usual, name)) for name in places}, states=states or usual.states)
