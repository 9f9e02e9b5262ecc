"""What every `toiluot server` command shares: the group, common options, exit codes, and how faults are told in one line.

Holds no command. While a server runs, writes of a command wait for their turn in the database (at most 5 s).
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

DB = click.option("--db", "url", required=True, metavar="URL", help="SQLAlchemy URL, e.g. sqlite:////var/lib/toiluot/site.db")
JSON = click.option("--json", "as_json", is_flag=True, help="Answer as one JSON object.")
SITE = click.option("--site", default=None, metavar="CODE", help="Needed where the database holds several sites.")
FILE = click.Path(exists=True, dir_okay=False)
FINDING, MISUSE = 1, 2
RESTORE = "Stop the server, keep the file, then promote the standby or restore a backup (toiluot server restore)."


def told(work: Callable[..., Any]) -> Callable[..., Any]:
    """Turns what may go wrong into one line and an exit code: 1 a finding, 2 misuse. No traceback for a person."""

    @wraps(work)
    def command(*args: Any, **options: Any) -> None:
        from sqlalchemy.exc import DatabaseError

        from queue_server.domain.errors import Refusal

        try:
            work(*args, **options)
        except (sqlite3.DatabaseError, DatabaseError) as broken:
            from queue_server.bootstrap import is_damage

            first = str(broken).splitlines()[0]
            if is_damage(getattr(broken, "orig", None) or broken):
                click.echo(f"the database file is damaged: {first}. {RESTORE}", err=True)
                sys.exit(FINDING)
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


def only_site(store: Any, wanted: str | None) -> str:
    """The site meant, where a database may hold several."""
    sites = store.sites()
    if wanted is not None and wanted not in sites:
        raise click.UsageError(f"no site {wanted} here; there are: {', '.join(sites) or 'none'}")
    if wanted is None and len(sites) != 1:
        raise click.UsageError(f"choose one with --site: {', '.join(sites) or 'none'}")
    return wanted or str(sites[0])


def listening(bind: str, *, tls: bool = False) -> tuple[Any, str]:
    """The socket and the address people dial; one line and an exit where it is taken."""
    from toiluot_edge import listen

    try:
        sock = listen(bind)
    except (OSError, OverflowError) as taken:
        click.echo(f"cannot listen on {bind}: {taken}. Choose another --bind.", err=True)
        sys.exit(FINDING)
    host, port = sock.getsockname()[:2]
    return sock, f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
