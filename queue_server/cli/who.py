"""`toiluot server api-key` and `user`: keys for programs, accounts of people. Secrets are printed once or read from standard input."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from queue_server.cli.base import DB, JSON, opened, say, server, told


# ---------------------------------------------------------------- keys
@server.group("api-key")
def api_key() -> None:
    """Keys for programs."""


@api_key.command("create")
@DB
@click.option("--name", required=True)
@click.option("--scope", required=True, metavar="issue,call,read,feed,admin")
@click.option("--site", "sites", multiple=True, metavar="CODE", help="Only these sites; all of the database otherwise.")
@JSON
@told
def key_create(url: str, name: str, scope: str, sites: tuple[str, ...], as_json: bool) -> None:
    """Print a new key once, as the last word on stdout. Only its hash is kept."""
    from queue_server.services import access

    scopes = tuple(part.strip() for part in scope.split(",") if part.strip())
    with opened(url) as store:
        own = sites or tuple(store.sites())
        key = store.write("", lambda repository: access.create_key(repository, name=name, scopes=scopes, sites=own))
        with store.read() as reader:
            who = access.verify_key(reader, key)
    key_id = who.id if who else ""
    say(as_json, {"id": key_id, "name": name, "scopes": list(scopes), "sites": list(own), "key": key}, f"key {key_id} for {name}: {key}")


@api_key.command("list")
@DB
@JSON
@told
def key_list(url: str, as_json: bool) -> None:
    """Every key: id, name, scopes, whether it is revoked. Never the key."""
    with opened(url) as store, store.read() as reader:
        known = reader.keys()
        keys = [
            {"id": row["id"], "name": row["name"], "scopes": json.loads(row["scopes"]), "revoked": row["revoked_at"] is not None}
            for row in known
        ]
    lines = [f"{k['id']}  {k['name']}  {','.join(k['scopes'])}  {'revoked' if k['revoked'] else 'valid'}" for k in keys]
    say(as_json, {"keys": keys}, "\n".join(lines) or "no keys")


@api_key.command("revoke")
@DB
@click.argument("key_id")
@JSON
@told
def key_revoke(url: str, key_id: str, as_json: bool) -> None:
    """Revoke a key by its id; a running server honours it within a second."""
    with opened(url) as store:
        if not store.write("", lambda repository: repository.revoke_key(key_id, repository.now_ms)):
            raise click.UsageError(f"no valid key has the id {key_id}; see api-key list")
    say(as_json, {"revoked": key_id}, f"revoked {key_id}")


# ---------------------------------------------------------------- accounts
@server.group()
def user() -> None:
    """Accounts of people."""


def _password() -> str:
    """One line from standard input: a password in an option would stand in the process list."""
    if sys.stdin.isatty():
        return str(click.prompt("Mật khẩu / password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


@user.command("create")
@DB
@click.option("--login", required=True)
@click.option("--role", required=True, metavar="ROLE", help="director deputy control site_head clerk attendant technician auditor")
@click.option("--name", default="", help="Shown on this person's own screen only.")
@click.option("--site", "sites", multiple=True, metavar="CODE")
@JSON
@told
def user_create(url: str, login: str, role: str, name: str, sites: tuple[str, ...], as_json: bool) -> None:
    """Make an account; the password is read from standard input."""
    from queue_server.services import access

    with opened(url) as store:
        own, digest = sites or tuple(store.sites()), access.hash_password(_password())
        person = store.write(
            "", lambda repository: access.create_person(repository, login=login, name=name, role=role, sites=own, password_hash=digest)
        )
    say(as_json, {"id": person, "login": login, "role": role, "sites": list(own)}, f"account {login}: {role}")


@user.command("set-password")
@DB
@click.option("--login", required=True)
@JSON
@told
def user_set_password(url: str, login: str, as_json: bool) -> None:
    """Change a password (read from standard input); ends the account's sessions."""
    from queue_server.services import access

    with opened(url) as store:
        access.set_password(store, login, _password())
    say(as_json, {"login": login}, f"password of {login} changed")


@user.command("list")
@DB
@JSON
@told
def user_list(url: str, as_json: bool) -> None:
    """Every account: log-in, role, sites, state. Never names, never passwords."""
    from queue_server.services import accounts

    with opened(url) as store, store.read() as reader:
        found = accounts.listed(reader, reader.now_ms)
    lines = [f"{a['login']}  {a['role']}  {','.join(a['sites'])}  {_state(a)}" for a in found]
    say(as_json, {"accounts": found}, "\n".join(lines) or "no accounts")


def _state(account: dict[str, Any]) -> str:
    if account["disabled"]:
        return "disabled"
    return (
        f"rests {account['rests_s']} s" if account["rests_s"] else f"{account['failures']} wrong passwords" if account["failures"] else "ok"
    )


@user.command("unlock")
@DB
@click.option("--login", required=True)
@JSON
@told
def user_unlock(url: str, login: str, as_json: bool) -> None:
    """Let an account that rests after wrong passwords try again at once; a running server honours it."""
    from queue_server.services import accounts

    with opened(url) as store:
        accounts.unlock_anywhere(store, login)
    say(as_json, {"login": login}, f"{login} may try again")


@user.command("disable")
@DB
@click.option("--login", required=True)
@JSON
@told
def user_disable(url: str, login: str, as_json: bool) -> None:
    """Take an account out of use: its sessions end within a second, and nobody gets in by it."""
    from queue_server.services import accounts

    with opened(url) as store:
        accounts.set_disabled(store, login, store.clock.wall_ms())
    say(as_json, {"login": login, "disabled": True}, f"{login} is out of use")


@user.command("enable")
@DB
@click.option("--login", required=True)
@JSON
@told
def user_enable(url: str, login: str, as_json: bool) -> None:
    """Put an account back into use."""
    from queue_server.services import accounts

    with opened(url) as store:
        accounts.set_disabled(store, login, None)
    say(as_json, {"login": login, "disabled": False}, f"{login} is in use again")
