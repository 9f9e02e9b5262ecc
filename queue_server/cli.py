"""`toiluot server …`: set a site up, serve it, keys, accounts, configuration, check and audit.

Holds options, exit codes and what is printed. Everything is done by services on a store; while a server runs, writes of
this command wait for their turn in the database (at most 5 s).
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click

DB = click.option("--db", "url", required=True, metavar="URL", help="SQLAlchemy URL, e.g. sqlite:////var/lib/toiluot/site.db")
JSON = click.option("--json", "as_json", is_flag=True, help="Answer as one JSON object.")
SITE = click.option("--site", default=None, metavar="CODE", help="Needed where the database holds several sites.")
FILE = click.Path(exists=True, dir_okay=False)
FINDING, MISUSE = 1, 2


def told(work: Callable[..., Any]) -> Callable[..., Any]:
    """Turns what may go wrong into one line and an exit code: 1 a finding, 2 misuse. No traceback for a person."""

    @wraps(work)
    def command(*args: Any, **options: Any) -> None:
        from sqlalchemy.exc import DatabaseError

        from queue_server.domain.errors import Refusal

        try:
            work(*args, **options)
        except (sqlite3.DatabaseError, DatabaseError) as broken:
            first = str(broken).splitlines()[0]
            click.echo(f"the database answers: {first}. An old schema? Run init again. Locked? Try once more.", err=True)
            sys.exit(FINDING)
        except (FileNotFoundError, ValueError) as misuse:
            raise click.UsageError(str(misuse)) from misuse
        except Refusal as no:
            click.echo(f"refused: {no.code} {json.dumps(no.detail, ensure_ascii=False) if no.detail else ''}".rstrip(), err=True)
            sys.exit(FINDING)

    return command


@contextmanager
def opened(url: str) -> Iterator[Any]:
    from queue_server.bootstrap import open_for_command

    store, _ = open_for_command(url)
    try:
        yield store
    finally:
        store.close()


def say(as_json: bool, body: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(body, ensure_ascii=False) if as_json else text)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def server() -> None:
    """Queue server: set up, run, keys, accounts, configuration."""


@server.command()
@DB
@click.option("--site", required=True, metavar="CODE")
@click.option("--name", default=None, help="The centre's name as people read it.")
@click.option("--template", type=click.Choice(["commune", "ward", "province"]), default="ward", show_default=True)
@click.option("--kind", type=click.Choice(["live", "pilot", "training", "demo"]), default="live", show_default=True)
@JSON
@told
def init(url: str, site: str, name: str | None, template: str, kind: str, as_json: bool) -> None:
    """Make the schema and a usable site. Twice changes nothing."""
    from queue_server.bootstrap import prepare
    from queue_server.services import configuring

    store = prepare(url)
    try:
        created = configuring.init_site(store, site=site, name=name, template_name=template, kind=kind)
        with store.read() as reader:
            row = reader.site(site) or {}
    finally:
        store.close()
    body = {"site": site, "created": created, "name": row["name"], "kind": row["kind"], "board_token": row["board_token"]}
    say(as_json, body, f"site {site}: {'made' if created else 'was there already, nothing changed'}; board at /b/{row['board_token']}")


@server.command()
@DB
@click.option("--bind", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT")
@click.option(
    "--tls", type=(click.Path(exists=True, dir_okay=False), click.Path(exists=True, dir_okay=False)), default=None, metavar="CERT KEY"
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1))
@click.option("--max-streams", default=2000, show_default=True, type=click.IntRange(0), help="Open streams; more are asked to come back.")
@click.option(
    "--streams",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "own", "here"]),
    help="Streams in a process of their own; in this one; or in this one until there are many.",
)
@click.option("--per-key", default=5000.0, show_default=True, type=click.FloatRange(0), help="Requests a second of one API key; 0: any.")
@click.option("--per-address", default=200.0, show_default=True, type=click.FloatRange(0), help="The same of one address without a key.")
@click.option("--guesses", default=5.0, show_default=True, type=click.FloatRange(0), help="Wrong keys and tokens a second of one address.")
@JSON
@told
def run(url: str, bind: str, tls: tuple[str, str] | None, workers: int, streams: str, as_json: bool, **limits: Any) -> None:
    """Serve until SIGTERM."""
    from queue_server.bootstrap import build
    from toiluot_edge import listen, prefork, serve

    if workers > 1 and url.startswith("sqlite"):
        raise click.UsageError("SQLite has one writer: with --workers above 1 two processes would wait for each other. Use --workers 1.")
    if tls and streams == "own":
        raise click.UsageError("--streams own hands connections to another process, and --tls ties them to this one: take a proxy for TLS.")
    names = {"max_streams": "streams_limit", "per_key": "per_key", "per_address": "per_address", "guesses": "guesses_per_address"}
    settings = {names[option]: value for option, value in limits.items()}
    sock = _listen(listen, bind)
    address = f"{'https' if tls else 'http'}://{_shown(sock.getsockname())}"

    def work(n: int) -> None:
        own = build(url, tls=tls is not None, streams=streams, **settings)

        def ready() -> None:
            own.start()
            if n == 0:
                say(as_json, {"server": address}, f"serving {address}")
                sys.stdout.flush()

        try:
            serve(own.application, sock, on_ready=ready, on_stop=own.stop, tls=tls, own_date=True)
        finally:
            own.close()

    prefork(workers, work)


@server.command(hidden=True)
@click.option("--line", required=True, type=int)
def streams(line: int) -> None:
    """What `run` starts for its streams; the line is a socket that it holds the other end of."""
    import socket

    from queue_server.bootstrap import serve_streams

    serve_streams(socket.socket(fileno=line))


def _listen(listen: Callable[[str], Any], bind: str) -> Any:
    try:
        return listen(bind)
    except (OSError, OverflowError) as taken:
        click.echo(f"cannot listen on {bind}: {taken}. Choose another --bind.", err=True)
        sys.exit(FINDING)


def _shown(name: Any) -> str:
    host, port = name[0], name[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


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


# ---------------------------------------------------------------- configuration, check
@server.group()
def config() -> None:
    """The site's configuration document."""


@config.command("show")
@DB
@SITE
@JSON
@told
def config_show(url: str, site: str | None, as_json: bool) -> None:
    """The document in force, as JSON."""
    from queue_server.services import configuring

    with opened(url) as store:
        found = configuring.current(store, _only_site(store, site))
    click.echo(json.dumps(found["document"], ensure_ascii=False, indent=None if as_json else 2))


@config.command("apply")
@DB
@SITE
@click.argument("file", type=click.File("rb"))
@JSON
@told
def config_apply(url: str, site: str | None, file: Any, as_json: bool) -> None:
    """Put a document in force; it is checked first and applied whole or not at all."""
    from queue_server.domain.principal import SYSTEM
    from queue_server.services import command, configuring

    try:
        document = json.loads(file.read())
    except ValueError as bad:
        raise click.UsageError(f"{file.name}: not JSON ({bad})") from bad
    with opened(url) as store:
        done = command.beat(store, _only_site(store, site), SYSTEM, lambda unit: configuring.apply(unit, document=document))
    say(as_json, done, f"configuration version {done['version']} in force")


def _only_site(store: Any, wanted: str | None) -> str:
    sites = store.sites()
    if wanted is not None and wanted not in sites:
        raise click.UsageError(f"no site {wanted} here; there are: {', '.join(sites) or 'none'}")
    if wanted is None and len(sites) != 1:
        raise click.UsageError(f"choose one with --site: {', '.join(sites) or 'none'}")
    return wanted or str(sites[0])


@server.command()
@DB
@JSON
@told
def check(url: str, as_json: bool) -> None:
    """Integrity: the sequence, the hash chain, the times and the end of every site's log."""
    from queue_server.audit import compare

    _tell_findings(url, compare.integrity, as_json)


@server.command()
@DB
@click.option("--day", default=None, metavar="YYYY-MM-DD", help="Tickets and figures of this business day only.")
@click.option("--sent", multiple=True, type=FILE, metavar="FILE", help="Versions that the dossier system took, or refused.jsonl.")
@click.option("--names", type=FILE, default=None, metavar="FILE", help="The feed's NAMES.json, where it has one.")
@JSON
@told
def audit(url: str, day: str | None, sent: tuple[str, ...], names: str | None, as_json: bool) -> None:
    """Add the log up a second time and compare: rows, figures, seals, stored answers, sent records. Also while a server runs."""
    from queue_server.audit import compare
    from queue_server.audit import sent as records

    taken = [record for path in sent for record in records.load(Path(path))]
    known = json.loads(Path(names).read_text("utf-8")) if names else {}

    def look(reader: Any, site: str) -> list[str]:
        found = compare.findings(reader, site, day)
        return found + (records.findings(reader, site, taken, known) if sent else [])

    _tell_findings(url, look, as_json)


def _tell_findings(url: str, look: Callable[[Any, str], list[str]], as_json: bool) -> None:
    """One line per finding; exit 1 where there is one."""
    from queue_server.audit import compare

    with opened(url) as store:
        findings = compare.of_every_site(store, look)
    say(as_json, {"findings": findings}, "\n".join(findings) or "no findings")
    if findings:
        sys.exit(FINDING)
