"""Who may come in: API keys, people with passwords, sessions, board tokens. Secrets are stored as hashes only.

Keys and session tokens are 256-bit random and looked up by SHA-256; passwords are argon2id, checked outside the writer
so that a log-in never holds up the queue. An account that fails too often rests for a while and comes back by itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHash, VerificationError  # by the older name: Debian 13 has argon2 21

from queue_server.domain.errors import Refusal, invalid
from queue_server.domain.principal import PERSON_ROLES, ROLES, SCOPES, Principal
from queue_server.services.ids import random_token, token_hash, uuid7

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.repository import Repository
    from queue_server.storage.sql import Row
    from queue_server.storage.store import Store

SESSION_MS = 12 * 3_600_000  # a working day
TRIES, REST_MS = 10, 5 * 60_000
PASSWORD_MIN = 8
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's smaller set: a Pi is the server
# Checked when there is no such account, so that the answer takes as long and tells nothing.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$TsjiJZOAz2/ow/P9rf20iQ$wOTnPigl3qbPPV6jF5289s0QRMJtANk/02VCbNeqI9M"


@dataclass(frozen=True, slots=True)
class Session:
    """A fresh session: the token goes into the cookie and is not kept in clear."""

    token: str
    csrf: str
    who: Principal
    expires_at: int


# ---------------------------------------------------------------- programs
def create_key(repository: Repository, *, name: str, scopes: Sequence[str], sites: Sequence[str], expires_at: int | None = None) -> str:
    """A new API key; this is the only time it is seen."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise invalid("/scopes", "unknown_scope", f"some of {', '.join(SCOPES)}")
    known = {row["code"] for row in repository.sites()}
    if not sites or not set(sites) <= known:
        raise invalid("/sites", "unknown_site", f"some of {', '.join(sorted(known))}")
    key_id = uuid7(repository.now_ms, repository.entropy)
    key = f"tl_{random_token(repository.entropy)}"
    repository.add_key({
        "id": key_id, "name": name, "key_hash": token_hash(key), "scopes": json.dumps(list(scopes)), "sites": json.dumps(list(sites)),
        "created_at": repository.now_ms, "expires_at": expires_at, "revoked_at": None,
    })  # fmt: skip
    return key


def verify_key(reader: Reader, token: str) -> Principal | None:
    """Who holds this key; None where it is unknown, expired or revoked."""
    row = reader.key_by_hash(token_hash(token))
    if row is None or row["revoked_at"] is not None or (row["expires_at"] is not None and row["expires_at"] <= reader.now_ms):
        return None
    return Principal("key", row["id"], tuple(json.loads(row["sites"])), frozenset(json.loads(row["scopes"])), "", row["name"])


# ---------------------------------------------------------------- people
def create_person(repository: Repository, *, login: str, name: str, role: str, sites: Sequence[str], password_hash: str) -> str:
    """A new account."""
    if role not in PERSON_ROLES:
        raise invalid("/role", "unknown_role", f"one of {', '.join(PERSON_ROLES)}")
    if repository.person_by_login(login.casefold()) is not None:
        raise invalid("/login", "taken", f"{login!r} exists already")
    person = uuid7(repository.now_ms, repository.entropy)
    repository.add_person({
        "id": person, "login": login.casefold(), "name": name, "role": role, "sites": json.dumps(list(sites)),
        "password_hash": password_hash, "failures": 0, "locked_until": None, "created_at": repository.now_ms, "disabled_at": None,
    })  # fmt: skip
    return person


def hash_password(password: str) -> str:
    """The argon2id hash of a password that is long enough; slow on purpose, so never inside a unit of work."""
    if len(password) < PASSWORD_MIN:
        raise invalid("/password", "too_short", f"at least {PASSWORD_MIN} characters")
    return _HASHER.hash(password)


def log_in(store: Store, login: str, password: str, now: int) -> Session:
    """A session for who knows the password; `bad_login` (never which part was wrong) or `account_resting`."""
    with store.read() as reader:
        row = reader.person_by_login(login.casefold())
    if row is not None and row["locked_until"] is not None and row["locked_until"] > now:
        raise Refusal("account_resting", retry_after_s=(row["locked_until"] - now) // 1000 + 1)
    good = _verify(row["password_hash"] if row else _NOBODY, password)
    if row is None or not good or row["disabled_at"] is not None:
        if row is not None:
            failures = row["failures"] + 1
            rests = now + REST_MS if failures % TRIES == 0 else None
            store.write("", lambda repository: repository.set_failures(row["id"], failures, rests))
        raise Refusal("bad_login")
    return store.write("", lambda repository: start_session(repository, row, now))


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHash):
        return False


def start_session(repository: Repository, row: Row, now: int) -> Session:
    """A session of an account whose holder has proved who he is."""
    token, csrf = random_token(repository.entropy), random_token(repository.entropy, 16)
    repository.set_failures(row["id"], 0, None)
    repository.add_session({
        "token_hash": token_hash(token), "person": row["id"], "csrf": csrf, "created_at": now, "expires_at": now + SESSION_MS,
    })  # fmt: skip
    return Session(token, csrf, _person(row["id"], row), now + SESSION_MS)


def _person(person: str, row: Row) -> Principal:
    return Principal("person", person, tuple(json.loads(row["sites"])), ROLES[row["role"]], row["role"], row["name"])


def session(reader: Reader, token: str) -> tuple[Principal, str] | None:
    """Who is logged in with this token, and the session's CSRF token."""
    row = reader.session(token_hash(token))
    if row is None or row["expires_at"] <= reader.now_ms or row["disabled_at"] is not None:
        return None
    return _person(row["person"], row), row["csrf"]


def log_out(store: Store, token: str) -> None:
    """End a session."""
    store.write("", lambda repository: repository.end_session(token_hash(token)))


def set_password(store: Store, login: str, password: str) -> None:
    """A new password for an account; its sessions end."""
    password_hash = hash_password(password)
    with store.read() as reader:
        row = reader.person_by_login(login.casefold())
    if row is None:
        raise Refusal("not_found", what="person")
    store.write("", lambda repository: repository.set_password(row["id"], password_hash))


# ---------------------------------------------------------------- boards
def board_principal(reader: Reader, token: str) -> Principal | None:
    """The board that opened with this token: it sees one site's public projection and nothing else."""
    row = reader.site_by_board(token)
    return None if row is None else Principal("board", row["code"], (row["code"],), ROLES["board"], "board")
