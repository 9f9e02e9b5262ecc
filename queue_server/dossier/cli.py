"""`toiluot dossier run|mock`: the feed of wait-time records, and a dossier system to try it against."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import click

from queue_server.client import Client, Problem, Unreachable
from toiluot_edge import Clock, SystemClock, listen, notify, serve, setup_log

from .files import Damaged, State
from .partner import Partner
from .payload import Names
from .worker import Worker

BEAT_S, WATCH_S, STUCK_S = 10.0, 5.0, 180.0
DEFAULT_CLIENT, DEFAULT_SECRET = "toiluot-demo", "khong-phai-bi-mat"  # of the mock: everybody may know it


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def dossier() -> None:
    """Wait-time records to the dossier system."""


@dossier.command()
@click.option("--server", default="", help="The queue server's address, e.g. http://127.0.0.1:8000; an enrolled device knows it")
@click.option("--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="API key, scopes feed,read")
@click.option("--identity", type=click.Path(file_okay=False, path_type=Path), help="Folder of this device's own key, instead of a key file")
@click.option("--base", required=True, help="The dossier system's address; records go to BASE/queue-records/batch")
@click.option("--token-url", required=True, help="Where its OAuth2 tokens come from (client credentials)")
@click.option("--client-id", required=True)
@click.option("--client-secret-file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--state", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the cursor and refused records")
@click.option(
    "--names",
    "names_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='JSON: {"unit": MaDonVi, "fields": {service: MaLinhVuc}, "procedures": {service: MaTTHC}}, each optional',
)
@click.option("--name", default="dossier-01", show_default=True, help="This device's name in the heartbeat")
@click.option("--poll-s", default=1.0, show_default=True, help="Seconds between looks at an idle log")
@click.option("--json", "as_json", is_flag=True, help="At the end, what was sent as one JSON object on stdout")
def run(
    server: str,
    key_file: Path | None,
    identity: Path | None,
    base: str,
    token_url: str,
    client_id: str,
    client_secret_file: Path,
    state: Path,
    names_file: Path | None,
    name: str,
    poll_s: float,
    as_json: bool,
) -> None:
    """Read the site's events and send one record per ended step, in order, for ever."""
    log = setup_log("dossier")
    clock = SystemClock()
    names = _names(names_file)
    client = _client(server, key_file, identity, state)
    if client is None:
        return  # told to stop before it was let in
    partner = Partner(base, token_url, client_id, client_secret_file.read_text("utf-8").strip())
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        worker = Worker(client, partner, State(state), clock, log, names=names, poll_s=poll_s)
        Thread(target=_beat, args=(client, worker, clock, name, stop, log), daemon=True, name="heartbeat").start()
        Thread(target=_watch, args=(worker, clock, stop), daemon=True, name="watchdog").start()
        notify("READY=1")
        worker.run(stop)
    except Damaged as damaged:
        raise click.ClickException(str(damaged)) from None
    finally:
        notify("STOPPING=1")
        stop.set()
    if as_json:
        click.echo(json.dumps(vars(worker.health), ensure_ascii=False))


def _client(server: str, key_file: Path | None, identity: Path | None, state: Path) -> Client | None:
    if key_file is not None and identity is None and server:
        return Client(server, key_file.read_text("utf-8"))
    from queue_server.device.identity import NoIdentity
    from queue_server.device.opening import open_credential

    try:
        credential = open_credential(identity=identity, key_file=key_file, server=server, state=state, role="server")
    except (NoIdentity, ValueError) as missing:
        raise click.UsageError(str(missing)) from missing
    return credential.client() if credential else None


def _names(path: Path | None) -> Names:
    """What the log does not say of itself; a file of another shape is misuse, told at once."""
    if path is None:
        return Names()
    try:
        given = json.loads(path.read_text("utf-8"))
        names = Names(unit=given.get("unit"), fields=dict(given.get("fields", {})), procedures=dict(given.get("procedures", {})))
    except (ValueError, TypeError, AttributeError) as bad:
        raise click.UsageError(f"{path}: not the names of a site ({bad}); see docs/dossier-feed.md") from bad
    return names


def _watch(worker: Worker, clock: Clock, stop: Event) -> None:
    """systemd is told that we live as long as the loop moves; one answer may take its time, two stuck ones may not."""
    while not stop.wait(WATCH_S):
        if clock.monotonic() - worker.moved_at < STUCK_S:
            notify("WATCHDOG=1")


def _beat(client: Client, worker: Worker, clock: Clock, name: str, stop: Event, log: Any) -> None:
    """Tell the server how the feed stands; a beat that does not arrive is logged once, not every time."""
    silent = False
    begun = clock.monotonic()
    boot = Path("/proc/sys/kernel/random/boot_id")
    while not stop.wait(0.5 if worker.health.state == "opening" else BEAT_S):
        h = worker.health
        slot = {"role": "dossier", "state": h.state, "code": h.code, "detail": h.detail, "device": f"position {h.position}"}
        beat = {
            "device": name,
            "role": "dossier",
            "boot_id": boot.read_text().strip() if boot.exists() else None,
            "uptime_s": int(clock.monotonic() - begun),
            "slots": [slot],
            "spool": {"waiting": h.waiting},
        }
        try:
            client.heartbeat({key: value for key, value in beat.items() if value is not None})
            silent = False
        except (Unreachable, Problem) as trouble:
            if not silent:
                log.warning("heartbeat not taken", reason=str(trouble))
            silent = True


@dossier.command()
@click.option("--bind", default="127.0.0.1:8790", show_default=True, help="HOST:PORT to listen on")
@click.option("--client-id", default=DEFAULT_CLIENT, show_default=True)
@click.option("--client-secret", default=DEFAULT_SECRET, show_default=True, help="Not a secret: this is a system to play with")
@click.option("--journal", type=click.Path(dir_okay=False, path_type=Path), help="Keep what was accepted in this file across restarts")
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON object")
def mock(bind: str, client_id: str, client_secret: str, journal: Path | None, as_json: bool) -> None:
    """A dossier system to try the feed against: takes records, checks them, and fails on request."""
    from .mock import application  # Flask and jsonschema: of no use to the worker, which starts faster without them

    sock = listen(bind)
    host, port = sock.getsockname()[:2]
    origin = f"http://{host}:{port}"
    ready: Callable[[], None] = lambda: _announce(origin, as_json)  # noqa: E731 - one line, said once the socket listens
    app = application(client_id, client_secret, journal=journal, monotonic=SystemClock().monotonic)
    serve(app, sock, on_ready=ready)


def _announce(origin: str, as_json: bool) -> None:
    addresses = {"page": f"{origin}/", "base": f"{origin}/api", "token_url": f"{origin}/oauth/token", "faults": f"{origin}/faults"}
    if as_json:
        click.echo(json.dumps(addresses))
    else:
        for name, address in addresses.items():
            click.echo(f"{name:<10} {address}")
