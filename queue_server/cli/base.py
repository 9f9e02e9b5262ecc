"""What every `toiluot server` command shares: the group, common options, exit codes, and how faults are told in one line.

Holds no command. While a server runs, writes of a command wait for their turn in the database (at most 5 s).
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import click

DB = click.option("--db", "url", required=True, metavar="URL", help="SQLAlchemy URL, e.g. sqlite:////var/lib/toiluot/site.db")
JSON = click.option("--json", "as_json", is_flag=True, help="Answer as one JSON object.")
SITE = click.option("--site", default=None, metavar="CODE", help="Needed where the database holds several sites.")
FILE = click.Path(exists=True, dir_okay=False)
FINDING, MISUSE = 1, 2
AUTO = "auto"
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


TLS_FILES = click.Path(dir_okay=False)
TLS = click.option(
    "--tls",
    type=(TLS_FILES, TLS_FILES),
    default=None,
    metavar="auto | CERT KEY",
    help="HTTPS: with the site's own authority (auto; explained at /ca), or with files of yours.",
)
STATE = click.option(
    "--state", type=click.Path(file_okay=False), default=None, help="Where --tls auto keeps its files [next to the database]"
)
NAMES = click.option(
    "--name-in-certificate", "names", multiple=True, metavar="NAME", help="Another name or address people dial (--tls auto)."
)


class TlsCommand(click.Command):
    """A command whose --tls takes either the one word `auto` or two files."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`auto` stands for both files."""
        wanted = list(args)
        for at, word in enumerate(args):
            if word == "--tls" and args[at + 1 : at + 2] == [AUTO]:
                wanted[at + 1 : at + 2] = [AUTO, AUTO]
            elif word == f"--tls={AUTO}":
                wanted[at : at + 1] = ["--tls", AUTO, AUTO]
        return super().parse_args(ctx, wanted)


def tls_files(
    tls: tuple[str, str] | None, url: str, bind: str, state: str | None, names: tuple[str, ...], *, following: bool = False
) -> tuple[str, str] | None:
    """Certificate and key to serve with; made now where the site's own authority stands behind them."""
    if tls is None or tls[0] != AUTO:
        for file in tls or ():
            if not Path(file).is_file():
                raise click.UsageError(f"--tls: {file} is not a file. Give CERT KEY, or the word {AUTO}.")
        return tls
    from queue_server.bootstrap import own_certificate

    return own_certificate(url, Path(state) if state else None, [*names, *own_names(bind)], following=following)


def own_names(bind: str) -> list[str]:
    """How this machine may be dialled: its name, its name in the local network, its addresses."""
    import socket

    host, named = bind.rpartition(":")[0].strip("[]"), socket.gethostname()
    found = [named, f"{named.partition('.')[0]}.local", "localhost", "127.0.0.1", "::1"]
    if host not in ("", "0.0.0.0", "::"):
        found.insert(0, host)
    with suppress(OSError):
        found += [str(each[4][0]).partition("%")[0] for each in socket.getaddrinfo(named, None)]
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way_out:
        way_out.connect(("192.0.2.1", 9))  # RFC 5737: nobody's address; nothing is sent, the kernel only picks a way out
        found.append(str(way_out.getsockname()[0]))
    return list(dict.fromkeys(name for name in found if name and name.isascii()))


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
