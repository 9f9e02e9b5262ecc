"""`toiluot kiosk run`: builds the parts, starts their threads, serves the page until told to stop."""

from __future__ import annotations

import secrets
import socket as sockets
from pathlib import Path
from typing import Any

import click

from kiosk import panels

THREADS = 8


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def kiosk() -> None:
    """The citizen's screens."""


@kiosk.command()
@click.option("--server", required=True, metavar="URL", help="The queue server, e.g. http://10.0.0.2:8080")
@click.option(
    "--key-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with an API key (scope issue,read)",
)
@click.option("--drivers", required=True, type=click.Path(path_type=Path), help="Socket of `toiluot drivers serve`")
@click.option("--bind", default="127.0.0.1:8765", show_default=True, metavar="HOST:PORT")
@click.option("--state", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the spool")
@click.option("--name", default="", help="This kiosk's name at the server; the host's name if left out")
@click.option("--panel", default=panels.AUTO, show_default=True, type=click.Choice(panels.NAMES), help="The touch panel")
@click.option("--screen", default="", metavar="UNIT", help="systemd unit to start again when the page on the screen is dead")
@click.option("--pseudo", is_flag=True, hidden=True, help="Offer the pseudo-language of the layout tests")
def run(server: str, key_file: Path, drivers: Path, bind: str, state: Path, name: str, panel: str, screen: str, pseudo: bool) -> None:
    """Serve the citizen's page and keep its promises to the queue server."""
    from kiosk.run import Kiosk

    key = key_file.read_text(encoding="utf-8").strip()
    if not key:
        raise click.UsageError(f"{key_file} is empty: put the key printed by `toiluot server api-key create` into it")
    name = name or sockets.gethostname().split(".")[0]
    made: Any = Kiosk(
        server=server,
        key=key,
        drivers=drivers,
        state=state,
        name=name,
        panel=panel,
        boot=secrets.token_hex(4),
        pseudo=pseudo,
        screen=screen,
    )
    made.serve(bind, THREADS)
