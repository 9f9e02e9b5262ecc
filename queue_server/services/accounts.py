"""Accounts of people beyond their password: let in by the organisation's log-in, rested and let go on, taken out of use.

Holds the ways back of an account that somebody guessed at. Passwords and sessions themselves are `services.access`'s. Names and
log-in names never go into the log: it names an account by its id.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from queue_server.domain.errors import Refusal
from queue_server.services import access
from queue_server.services.unit import Unit

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row
    from queue_server.storage.store import Store

SOME_FAILURES = 3  # from here on an account is shown to whoever may help


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an account made at a first single sign-on would be."""

    role: str
    sites: tuple[str, ...]
    name: str


# ---------------------------------------------------------------- let in by another's proof
def let_in(store: Store, login: str, now: int, *, new: NewAccount | None = None) -> access.Session:
    """A session for whom the organisation's log-in vouches. Guessed passwords do not keep him out: they are not his way in."""
    row = _row(store, login)
    if row is None and new is not None:
        made = new
        # A password that nobody knows: the answer to a guess takes as long as everywhere else.
        digest = access.hash_password(secrets.token_urlsafe(32))
        store.write(
            "",
            lambda rows: access.create_person(rows, login=login, name=made.name, role=made.role, sites=made.sites, password_hash=digest),
        )
        row = _row(store, login)
    if row is None or row["disabled_at"] is not None:
        raise Refusal("sso_no_account")
    found = row
    return store.write("", lambda rows: access.start_session(rows, found, now))


# ---------------------------------------------------------------- rest, and the ways back
def at_peace(store: Store, login: str) -> bool:
    """Whether nobody failed at this account since it last came in or was let go on."""
    row = _row(store, login) if login else None
    return row is not None and row["failures"] == 0 and row["locked_until"] is None


def resting(reader: Reader, site: str, now: int) -> dict[str, Any]:
    """Accounts of a site at which passwords were guessed, or whose holders mistyped."""
    rows = [row for row in reader.people() if row["failures"] >= SOME_FAILURES and site in json.loads(row["sites"])]
    return {"accounts": [_told(row, now) for row in rows if row["disabled_at"] is None]}


def _told(row: Mapping[str, Any], now: int) -> dict[str, Any]:
    until = row["locked_until"]
    rests_s = max(0, (until - now + 999) // 1000) if until is not None else 0
    return {"login": row["login"], "role": row["role"], "failures": row["failures"], "rests_s": rests_s}


def unlock(unit: Unit, login: str) -> dict[str, Any]:
    """Let an account of this site try again at once. The password stays what it is."""
    row = unit.repository.person_by_login(login.casefold())
    if row is None or unit.site not in json.loads(row["sites"]):
        raise Refusal("not_found", what="account")
    unit.repository.set_failures(row["id"], 0, None)
    unit.event("account.unlocked", f"account:{row['id']}", {"failures": row["failures"]})
    return {"login": row["login"], "failures": 0}


# ---------------------------------------------------------------- on the command line
def unlock_anywhere(store: Store, login: str) -> None:
    """The same without a site, for whoever has the server's own command line."""
    row = _known(store, login)
    store.write("", lambda rows: rows.set_failures(row["id"], 0, None))


def set_disabled(store: Store, login: str, at: int | None) -> None:
    """Take an account out of use, or put it back; its sessions end."""
    row = _known(store, login)
    store.write("", lambda rows: rows.set_disabled(row["id"], at))


def listed(reader: Reader, now: int) -> list[dict[str, Any]]:
    """Every account with its role and state: for a review of who may do what. No names."""
    return [_told(row, now) | {"sites": json.loads(row["sites"]), "disabled": row["disabled_at"] is not None} for row in reader.people()]


def _row(store: Store, login: str) -> Row | None:
    with store.read() as reader:
        return reader.person_by_login(login.casefold())


def _known(store: Store, login: str) -> Row:
    row = _row(store, login)
    if row is None:
        raise Refusal("not_found", what="person")
    return row
