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
@click.option("--server", default="", metavar="URL", help="The queue server, e.g. http://10.0.0.2:8080; an enrolled device knows it")
@click.option("--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with an API key (scope issue,read)")
@click.option("--identity", type=click.Path(file_okay=False, path_type=Path), help="Folder of this device's own key, instead of a key file")
@click.option("--join", type=click.Path(dir_okay=False, path_type=Path), help="Join file, for an identity that is not let in yet")
@click.option("--drivers", required=True, type=click.Path(path_type=Path), help="Socket of `toiluot drivers serve`")
@click.option("--bind", default="127.0.0.1:8765", show_default=True, metavar="HOST:PORT")
@click.option("--state", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the spool")
@click.option("--name", default="", help="This kiosk's name at the server; the host's name if left out")
@click.option("--panel", default=panels.AUTO, show_default=True, type=click.Choice(panels.NAMES), help="The touch panel")
@click.option("--screen", default="", metavar="UNIT", help="systemd unit to start again when the page on the screen is dead")
@click.option("--pseudo", is_flag=True, hidden=True, help="Offer the pseudo-language of the layout tests")
def run(
    server: str,
    key_file: Path | None,
    identity: Path | None,
    join: Path | None,
    drivers: Path,
    bind: str,
    state: Path,
    name: str,
    panel: str,
    screen: str,
    pseudo: bool,
) -> None:
    """Serve the citizen's page and keep its promises to the queue server."""
    from kiosk.run import Kiosk
    from queue_server.device.identity import NoIdentity
    from queue_server.device.opening import open_credential

    try:
        credential = open_credential(identity=identity, key_file=key_file, server=server, state=state, role="kiosk", bind=bind, join=join)
    except (NoIdentity, ValueError) as missing:
        raise click.UsageError(str(missing)) from missing
    if credential is None:
        return  # told to stop while it waited
    name = credential.name or name or sockets.gethostname().split(".")[0]
    made: Any = Kiosk(
        credential=credential,
        drivers=drivers,
        state=state,
        name=name,
        panel=panel,
        boot=secrets.token_hex(4),
        pseudo=pseudo,
        screen=screen,
    )
    made.serve(bind, THREADS)
