"""Commands of the hall displays.

Holds the flags and puts the parts of one process together; what they do is elsewhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from display.feed import Feed, Upstream
from display.member import Member
from display.relay import Relay
from display.web.app import application
from queue_server.device.opening import Credential
from queue_server.device.page_life import PageLife, restart_unit
from toiluot_edge import SystemClock, listen, serve, setup_log

if TYPE_CHECKING:
    from display.panels import Panels


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def display() -> None:
    """Hall boards, panels and voice."""


@display.command()
@click.option("--server", default="", metavar="URL", help="The site server, e.g. http://192.168.1.10:8080; an enrolled device knows it.")
@click.option("--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with an API key of scope feed.")
@click.option(
    "--identity", type=click.Path(file_okay=False, path_type=Path), help="Folder of this device's own key, instead of a key file."
)
@click.option("--join", type=click.Path(dir_okay=False, path_type=Path), help="Join file, for an identity that is not let in yet.")
@click.option("--board-token", metavar="T", envvar="TOILUOT_BOARD_TOKEN", help="Board token, instead of a key file.")
@click.option("--zone", metavar="Z", help="Show this zone only.")
@click.option("--site", metavar="CODE", help="Which site, where the key is good for several.")
@click.option("--bind", default="127.0.0.1:8766", show_default=True, metavar="HOST:PORT", help="Where the board page is served.")
@click.option("--audio/--no-audio", default=True, show_default=True, help="Chime here. One screen per hall should sound.")
@click.option(
    "--devices", "devices_file", type=click.Path(dir_okay=False, path_type=Path), help="LED panels and keypads (docs/howto/add-a-panel.md)."
)
@click.option("--name", default="", help="This display's name at the server; the host's name if left out.")
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), help="Folder that outlives a restart, for the health of the board."
)
@click.option("--screen", default="", metavar="UNIT", help="systemd unit to start again when the page on the screen is dead.")
@click.option("--json", "as_json", is_flag=True, help='Print {"board": address} as one line once the page can be opened.')
def run(
    server: str,
    key_file: Path | None,
    identity: Path | None,
    join: Path | None,
    board_token: str | None,
    zone: str | None,
    site: str | None,
    bind: str,
    audio: bool,
    devices_file: Path | None,
    name: str,
    state: Path | None,
    screen: str,
    as_json: bool,
) -> None:
    """Show the board page on this machine, and its numbers on LED panels; fed by the server's stream."""
    _check(server, key_file, identity, board_token)
    devices = _devices(devices_file)
    credential = _credential(server, key_file, identity, join, state, bind) if board_token is None else None
    if credential is None and board_token is None:
        return  # told to stop while it waited
    upstream = _upstream(server, credential, board_token, zone=zone, site=site)
    try:
        sock = listen(bind)
    except (OSError, ValueError) as taken:
        raise click.ClickException(f"Cannot listen on {bind}: {taken}. Choose another --bind HOST:PORT.") from taken
    log = setup_log("display")
    relay = Relay(SystemClock())
    feed = Feed(upstream, relay, log)
    panels, outside = outside_of(devices, upstream.server, site, relay, log)
    page = PageLife(SystemClock().monotonic, restart_unit(screen) if screen else None)
    about: dict[str, Any] = {"name": name, "page": page, "state": state, "slots": panels.slots if panels else list}
    # A board token is an address that anyone in the hall may read off a screen: it vouches for no machine, so none reports by it.
    members = [Member(credential, upstream, relay, log, **about)] if credential else []
    host, port = sock.getsockname()[:2]
    tasks: list[asyncio.Task[None]] = []
    loops: list[asyncio.AbstractEventLoop] = []

    def ready() -> None:
        loops.append(asyncio.get_running_loop())
        for work in (feed.run, *outside):
            tasks.append(loops[0].create_task(work()))
            tasks[-1].add_done_callback(lambda task: None if task.cancelled() else log.error("work ended", why=repr(task.exception())))
        for member in members:
            member.start()
        click.echo(json.dumps({"board": f"http://{host}:{port}/"}) if as_json else f"Board: http://{host}:{port}/")

    def stop() -> None:
        # Called from a signal handler: the relay belongs to the loop.
        for member in members:
            member.stop()
        for loop in loops:
            loop.call_soon_threadsafe(relay.close)
            for task in tasks:
                loop.call_soon_threadsafe(task.cancel)

    alive = lambda: bool(tasks) and not any(task.done() for task in tasks)  # noqa: E731 - one word for the watchdog
    pages = application(relay, audio=audio, on_ping=page.ping, membership=members[0].membership if members else None)
    serve(pages, sock, on_ready=ready, on_stop=stop, watchdog=alive)


def _check(server: str, key_file: Path | None, identity: Path | None, board_token: str | None) -> None:
    if (key_file is None and identity is None) == (board_token is None):
        raise click.UsageError("Give either --key-file or --board-token, or an enrolled device's --identity.")
    if not (server or identity) or (server and not server.startswith(("http://", "https://"))):
        raise click.UsageError("--server must begin with http:// or https://")


def _upstream(server: str, credential: Credential | None, board_token: str | None, **about: Any) -> Upstream:
    if credential is None:
        return Upstream(server, board_token=board_token, **about)
    return Upstream(credential.server, credential.key, auth=credential.auth, verify=credential.verify, **about)


def _credential(
    server: str, key_file: Path | None, identity: Path | None, join: Path | None, state: Path | None, bind: str
) -> Credential | None:
    if identity is None and key_file is not None:
        return Credential(server, _key(key_file))
    from queue_server.device.identity import NoIdentity
    from queue_server.device.opening import open_credential

    if state is None:
        raise click.UsageError("--identity needs --state, a folder for what it counts")
    try:
        return open_credential(identity=identity, key_file=key_file, server=server, state=state, role="board", bind=bind, join=join)
    except (NoIdentity, ValueError) as missing:
        raise click.UsageError(str(missing)) from missing


def _devices(path: Path | None) -> Any:
    from display.plan import PlanError, load

    if path is None:
        return None
    try:
        return load(path)
    except PlanError as error:
        raise click.UsageError(str(error)) from error


def outside_of(
    devices: Any, server: str, site: str | None, relay: Relay, log: Any
) -> tuple[Panels | None, list[Callable[[], Coroutine[Any, Any, None]]]]:
    """The panels, and the work beside the page: theirs, and that of keypads where there are any."""
    if devices is None:
        return None, []
    from display.keys import SERVER_S, Keys
    from display.panels import Panels
    from drivers.client import DriversClient

    clock = SystemClock()
    panels = Panels(devices.panels, relay, DriversClient(devices.drivers), clock, log)
    if not devices.keypads:
        return panels, [panels.run]
    from queue_server.client import Client

    client = Client(server, _key(devices.key_file), SERVER_S, site=site)
    return panels, [panels.run, Keys(devices, client, relay, panels, clock, log).run]


def _key(path: Path) -> str:
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as bad:
        raise click.ClickException(f"Cannot read the key file {path}: {bad}") from bad
    if not key or not key.isascii() or any(letter.isspace() for letter in key):
        raise click.ClickException(f"{path} does not hold one API key. Make one with: toiluot server api-key create --scope feed")
    return key
