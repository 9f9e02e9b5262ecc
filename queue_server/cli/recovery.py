"""`toiluot server backup`, `restore`, `branches`, `follow`, `promote` and `paper-book`: copies, a stopped site put back, a standby."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import Any

import click

from queue_server.cli.base import (
    DB,
    FILE,
    FINDING,
    JSON,
    NAMES,
    SITE,
    STATE,
    TLS,
    TlsCommand,
    listening,
    only_site,
    opened,
    say,
    server,
    tls_files,
    told,
)


@server.command()
@DB
@click.argument("file", type=click.Path(dir_okay=False))
@JSON
@told
def backup(url: str, file: str, as_json: bool) -> None:
    """Copy the database into FILE, also while a server runs. The file holds secrets: it is readable by its owner alone."""
    from queue_server.bootstrap import open_for_command
    from queue_server.recovery import backup as copies

    body = copies.back_up(url, Path(file), lambda copy: open_for_command(copy)[0])
    sites = ", ".join(f"{site} at {position}" for site, position in body["sites"].items())
    say(as_json, body, f"{file}: {body['bytes']:,} bytes, {sites}")


@server.command()
@DB
@click.argument("file", type=FILE)
@JSON
@told
def restore(url: str, file: str, as_json: bool) -> None:
    """Put the backup FILE in the place of a stopped server's database and begin a new epoch."""
    from queue_server.bootstrap import open_for_command
    from queue_server.recovery import backup as copies

    body = copies.restore(Path(file), url, lambda place: open_for_command(place)[0])
    say(as_json, body, copies.told(body))


@server.command(cls=TlsCommand)
@click.option("--from", "source", required=True, metavar="URL", help="The server to follow.")
@click.option("--key-file", required=True, type=FILE, help="An API key with read, feed and admin, for every site of the server.")
@DB
@click.option("--bind", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT")
@click.option("--name", default=socket.gethostname, show_default="the machine's", help="The site's policy names one that may take over.")
@TLS
@STATE
@NAMES
@click.option("--ca", type=FILE, default=None, help="The authority behind the server's HTTPS (its /ca.pem).")
@JSON
@told
def follow(
    source: str, key_file: str, url: str, bind: str, name: str, tls: tuple[str, str] | None, state: str | None, names: tuple[str, ...],
    ca: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Stand by: the same tables rebuilt from the server's log, commands refused until this one is promoted."""
    from queue_server.bootstrap import open_for_command, serving
    from queue_server.client import Client, Unreachable
    from queue_server.recovery.following import begin

    with Client(source, Path(key_file).read_text("utf-8"), verify=ssl.create_default_context(cafile=ca) if ca else True) as main:
        try:
            begin(main, url, lambda place: open_for_command(place)[0])
        except Unreachable as none:
            hint = (
                "" if ca or not source.startswith("https:") else " With a certificate of the site's own authority: --ca FILE (its /ca.pem)."
            )
            raise click.ClickException(f"{source} gives no copy ({none}).{hint}") from None
        files = tls_files(tls, url, bind, state, names, following=True)
        with serving(url):
            parted = _stand_by(main, url, bind, files, name, lambda at: {"server": at, "following": source, "name": name}, as_json)
    if parted:
        click.echo("the logs have parted: start this command again, it fetches a new copy", err=True)
        sys.exit(FINDING)


def _stand_by(main: Any, url: str, bind: str, tls: tuple[str, str] | None, name: str, body: Any, as_json: bool) -> bool:
    """Serve as the standby until SIGTERM. True where the logs have parted."""
    from queue_server.bootstrap import build
    from queue_server.recovery.following import Follower
    from toiluot_edge import serve

    sock, address = listening(bind, tls=tls is not None)
    own = build(url, tls=tls is not None, following=True)
    parted = threading.Event()

    def begin_anew() -> None:
        parted.set()
        os.kill(os.getpid(), signal.SIGTERM)

    house = own.house
    follower = Follower(main, own.store, house.standing, house.log, name=name, clock=house.clock, on_parted=begin_anew)

    def ready() -> None:
        own.start()
        follower.start()
        say(as_json, body(address), f"standing by at {address}")
        sys.stdout.flush()

    def stop() -> None:
        follower.stop()
        own.stop()

    try:
        serve(own.application, sock, on_ready=ready, on_stop=stop, tls=tls, own_date=True)
    finally:
        own.close()
    return parted.is_set()


@server.command()
@DB
@JSON
@told
def promote(url: str, as_json: bool) -> None:
    """Let the standby on this database take over: a new epoch at each of its sites."""
    from queue_server.domain.principal import SYSTEM
    from queue_server.services import epochs

    with opened(url) as store:
        done = epochs.take_over(store, SYSTEM)
    lines = [f"{site}: epoch {body['epoch']} goes on after row {body['continues_after']}" for site, body in done.items()]
    say(as_json, {"sites": done}, "\n".join(lines))


@server.command()
@DB
@SITE
@JSON
@told
def branches(url: str, site: str | None, as_json: bool) -> None:
    """Rows that turned up after another epoch had begun: what happened there and never reached this log."""
    from queue_server.recovery import branches as kept

    with opened(url) as store:
        rows = kept.listed(store, only_site(store, site))
    lines = [f"{row['epoch']}-{row['seq']}  {row['business_day']}  {row['type']}  {row['label'] or ''}" for row in rows]
    say(as_json, {"rows": rows}, "\n".join(lines) or "none")


@server.command("paper-book")
@DB
@SITE
@click.option("--series", required=True, metavar="LETTER", help="The series of the services it is for.")
@click.option("--count", type=click.IntRange(1, 100), default=100, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False), required=True, metavar="FILE.html")
@JSON
@told
def paper_book(url: str, site: str | None, series: str, count: int, out: str, as_json: bool) -> None:
    """Numbered slips for a day on which nothing runs: a page to print on A4 beforehand. Good on any day."""
    from queue_server.recovery import paper_book as book

    if not out.endswith((".html", ".htm")):
        raise click.UsageError("--out must end in .html; open it in a browser to print it or save it as PDF")
    with opened(url) as store:
        made = book.page(store, only_site(store, site), series, count)
    Path(out).write_text(made.pop("html"), "utf-8")
    say(as_json, made | {"file": out}, f"{out}: {made['first']} to {made['last']}, print it on A4")
