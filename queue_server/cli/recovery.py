"""`toiluot server backup`, `restore` and `branches`: a copy while serving, a stopped site put back under a new epoch."""

from __future__ import annotations

from pathlib import Path

import click

from queue_server.cli.base import DB, FILE, JSON, SITE, only_site, opened, say, server, told


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
