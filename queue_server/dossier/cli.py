"""`toiluot dossier run|replay|mock|conformance`: the feed of wait-time records, and a dossier system to try it against.

Holds options and how the parts of `run` are put together; the tools for trying things are in `cli_trying`.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import click

from queue_server.client import Client
from queue_server.contract import position
from toiluot_edge import Clock, SystemClock, listen, mount, notify, serve, setup_log

from .adapters import Adapter
from .adapters.config import BadPartner, load
from .beating import Beating
from .cli_trying import conformance, mock
from .files import Damaged, State
from .partner import partner as partner_at
from .payload import Names
from .worker import Worker

WATCH_S, STUCK_S = 5.0, 180.0
LEAST_KEY = 16
FOUND = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def dossier() -> None:
    """Wait-time records to the dossier system."""


dossier.add_command(mock)
dossier.add_command(conformance)


@dossier.command()
@click.option("--server", default="", help="The queue server's address, e.g. http://127.0.0.1:8000; an enrolled device knows it")
@click.option("--key-file", type=FOUND, help="API key, scopes feed,read")
@click.option("--identity", type=click.Path(file_okay=False, path_type=Path), help="Folder of this device's own key, instead of a key file")
@click.option("--join", type=click.Path(dir_okay=False, path_type=Path), help="Join file that this device asks to be let in with")
@click.option("--partner", "partner_file", type=FOUND, help="TOML: which dossier system, and how it is spoken to")
@click.option("--base", help="Instead of --partner: the dossier system's address; records go to BASE/queue-records/batch")
@click.option("--token-url", help="Where its OAuth2 tokens come from (client credentials)")
@click.option("--client-id")
@click.option("--client-secret-file", type=FOUND)
@click.option("--state", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the cursor and refused records")
@click.option(
    "--names",
    "names_file",
    type=FOUND,
    help='JSON: {"unit": MaDonVi, "fields": {service: MaLinhVuc}, "procedures": {service: MaTTHC}}, each optional',
)
@click.option("--name", default="dossier-01", show_default=True, help="This device's name in the heartbeat; an enrolled one has its own")
@click.option("--poll-s", default=1.0, show_default=True, help="Seconds between looks at an idle log")
@click.option("--bind", help="HOST:PORT of the local look-up GET /dossiers/{code}, e.g. 127.0.0.1:8791")
@click.option("--look-up-key-file", type=FOUND, help="The key that the queue server shows for look-ups; needed with --bind")
@click.option("--json", "as_json", is_flag=True, help="At the end, what was sent as one JSON object on stdout")
def run(
    server: str,
    key_file: Path | None,
    identity: Path | None,
    join: Path | None,
    state: Path,
    names_file: Path | None,
    name: str,
    poll_s: float,
    bind: str | None,
    look_up_key_file: Path | None,
    as_json: bool,
    **partner: Any,
) -> None:
    """Read the site's events and send one record per ended step, in order, for ever. With --bind: answer look-ups too."""
    log, clock, stop = setup_log("dossier"), SystemClock(), Event()
    names, (adapter, takes_records) = _names(names_file), _adapter(clock, **partner)
    key = _look_up_key(bind, look_up_key_file)
    if not takes_records and not bind:
        raise click.UsageError("this partner takes no records and no look-up is served: give --bind, or [records] in the partner's file")
    client, own = _client(server, key_file, identity, state, join)
    if client is None:
        return  # told to stop before it was let in
    try:
        worker = Worker(client, adapter, State(state), clock, log, names=names, poll_s=poll_s)
        parts = Parts(worker, adapter, clock, takes_records)
        Thread(
            target=Beating(client, worker, clock, own or name, adapter.name, log).run, args=(stop,), daemon=True, name="heartbeat"
        ).start()
        if bind:
            parts.serve_look_ups(bind, key, stop)
        else:
            parts.only_feed(stop)
    except Damaged as damaged:
        raise click.ClickException(str(damaged)) from None
    finally:
        notify("STOPPING=1")
        stop.set()
        adapter.close()
    if as_json:
        click.echo(json.dumps(vars(worker.health), ensure_ascii=False))


@dataclass(slots=True)
class Parts:
    """The running program: the feed, alone or beside the look-up."""

    worker: Worker
    adapter: Adapter
    clock: Clock
    takes_records: bool
    damaged: Damaged | None = None

    def only_feed(self, stop: Event) -> None:
        """The feed on this thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Thread(target=self._watch, args=(stop,), daemon=True, name="watchdog").start()
        notify("READY=1")
        self.worker.run(stop)

    def serve_look_ups(self, bind: str, key: str, stop: Event) -> None:
        """The look-up on this thread, the feed on another; whichever ends takes the other along."""
        from .look_up import application  # Flask: of no use to the feed alone, which starts faster without it

        sock = listen(bind)
        feed = Thread(target=self._feed, args=(stop,), name="feed")
        feed.start()
        app = mount(application(key, lambda: self.adapter), {}, 8, most_bytes=4096)
        address = "http://{}:{}".format(*sock.getsockname()[:2])
        serve(app, sock, on_ready=lambda: click.echo(address, err=True), on_stop=stop.set, watchdog=self._moves)
        stop.set()
        feed.join()
        if self.damaged is not None:
            raise self.damaged

    def _feed(self, stop: Event) -> None:
        if not self.takes_records:
            self.worker.health.state = "ready"
            stop.wait()
            return
        try:
            self.worker.run(stop)
        except Damaged as damaged:
            self.damaged = damaged
        if not stop.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    def _moves(self) -> bool:
        """Whether the loop moves; one answer may take its time, two stuck ones may not."""
        return not self.takes_records or self.clock.monotonic() - self.worker.moved_at < STUCK_S

    def _watch(self, stop: Event) -> None:
        while not stop.wait(WATCH_S):
            if self._moves():
                notify("WATCHDOG=1")


def _adapter(
    clock: Clock, partner_file: Path | None, base: str | None, token_url: str | None, client_id: str | None, client_secret_file: Path | None
) -> tuple[Adapter, bool]:
    """The partner, by a file or by four options."""
    short = (base, token_url, client_id, client_secret_file)
    if partner_file is not None:
        if any(short):
            raise click.UsageError("--partner stands instead of --base, --token-url, --client-id and --client-secret-file")
        try:
            return load(partner_file, clock)
        except BadPartner as bad:
            raise click.UsageError(str(bad)) from bad
    if not (base and token_url and client_id and client_secret_file):
        raise click.UsageError("needed: --partner FILE, or all of --base, --token-url, --client-id and --client-secret-file")
    # Whoever starts this program names the address, and the state's own networks use private ones.
    return partner_at(base, token_url, client_id, client_secret_file.read_text("utf-8").strip(), private=True, clock=clock), True


def _look_up_key(bind: str | None, path: Path | None) -> str:
    key = path.read_text("utf-8").strip() if path else ""
    if bind and len(key) < LEAST_KEY:
        raise click.UsageError(f"--bind needs --look-up-key-file with at least {LEAST_KEY} characters")
    return key


def _client(server: str, key_file: Path | None, identity: Path | None, state: Path, join: Path | None) -> tuple[Client | None, str]:
    """How the server is spoken to, and the device's own name where it has one: it reports for itself alone."""
    if key_file is not None and identity is None and server:
        return Client(server, key_file.read_text("utf-8")), ""
    from queue_server.device.identity import NoIdentity
    from queue_server.device.opening import open_credential

    state.mkdir(parents=True, exist_ok=True)
    try:
        credential = open_credential(identity=identity, key_file=key_file, server=server, state=state, role="dossier", join=join)
    except (NoIdentity, ValueError) as missing:
        raise click.UsageError(str(missing)) from missing
    return (credential.client(), credential.name) if credential else (None, "")


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


@dossier.command()
@click.option("--after", required=True, metavar="POS", help="EPOCH-SEQ or SEQ: what events after it made due is sent again; 0 for all")
@click.option("--state", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="The feed's folder")
@click.option("--anew", is_flag=True, help="Under versions above all that were said: for a partner that must take everything once more")
@click.option("--json", "as_json", is_flag=True, help="What was asked for as one JSON object")
def replay(after: str, state: Path, anew: bool, as_json: bool) -> None:
    """Send again from an earlier place of the log, running or at the next start. What the partner has, it calls stale."""
    try:
        wanted, kept = position.decode(after), State(state)
        ours = position.decode(kept.place().position)
    except ValueError as bad:
        raise click.UsageError(f"--after: {bad}") from bad
    except Damaged as damaged:
        raise click.ClickException(str(damaged)) from None
    if wanted.seq > ours.seq:
        raise click.UsageError(f"--after {after} lies ahead of the feed's place {kept.place().position}: records would be left out")
    kept.ask_back(after, anew)
    told = {"after": after, "place": kept.place().position, "anew": anew}
    say: Callable[[], str] = lambda: json.dumps(told) if as_json else f"The feed goes back from {told['place']} to {after}."  # noqa: E731 - said once
    click.echo(say())
