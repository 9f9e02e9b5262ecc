"""`toiluot dossier mock|conformance`: a dossier system to try the feed against, and a kit that tries a partner's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import click

from queue_server import outward
from toiluot_edge import SystemClock, listen, serve

DEFAULT_CLIENT, DEFAULT_SECRET = "toiluot-demo", "khong-phai-bi-mat"  # of the mock: everybody may know it
LIKE = ("rest", "igate", "portal")


@click.command()
@click.option("--bind", default="127.0.0.1:8790", show_default=True, help="HOST:PORT to listen on")
@click.option("--like", type=click.Choice(LIKE), default="rest", show_default=True, help="Style: ours, iGate's, the National Portal's")
@click.option("--client-id", default=DEFAULT_CLIENT, show_default=True)
@click.option("--client-secret", default=DEFAULT_SECRET, show_default=True, help="Not a secret: this is a system to play with")
@click.option("--journal", type=click.Path(dir_okay=False, path_type=Path), help="Keep what was accepted in this file across restarts")
@click.option(
    "--dossiers",
    "dossiers_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON: [{code, state 1-10, procedure?, due?, collect_at?}]; any other code has a made-up state",
)
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON object")
def mock(bind: str, like: str, client_id: str, client_secret: str, journal: Path | None, dossiers_file: Path | None, as_json: bool) -> None:
    """A dossier system to try the feed against: takes records, checks them, and fails on request."""
    from .mock import application  # Flask and jsonschema: of no use to the worker, which starts faster without them

    try:
        dossiers = json.loads(dossiers_file.read_text("utf-8")) if dossiers_file else []
        clock = SystemClock()
        app = application(client_id, client_secret, journal=journal, monotonic=clock.monotonic, like=like, dossiers=dossiers)
    except ValueError as bad:
        raise click.UsageError(f"--dossiers: {bad}") from bad
    sock = listen(bind)
    host, port = sock.getsockname()[:2]
    origin = f"http://{host}:{port}"
    ready: Callable[[], None] = lambda: _announce(origin, as_json)  # noqa: E731 - one line, said once the socket listens
    serve(app, sock, on_ready=ready)


def _announce(origin: str, as_json: bool) -> None:
    addresses = {"page": f"{origin}/", "base": f"{origin}/api", "token_url": f"{origin}/oauth/token", "faults": f"{origin}/faults"}
    if as_json:
        click.echo(json.dumps(addresses))
    else:
        for name, address in addresses.items():
            click.echo(f"{name:<10} {address}")


@click.command()
@click.argument("url")
@click.option("--token-url", required=True, help="Where the endpoint's OAuth2 tokens come from (client credentials)")
@click.option("--client-id", required=True)
@click.option("--client-secret-file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", default="THU-NGHIEM", show_default=True, help="MaDiemTiepNhan of what is sent; every record is marked as a trial")
@click.option("--code", help="The code of a dossier that exists there, for the look-up")
@click.option("--private", is_flag=True, help="The address may lead into your own network")
@click.option("--json", "as_json", is_flag=True, help="The checks as one JSON object")
def conformance(
    url: str, token_url: str, client_id: str, client_secret_file: Path, site: str, code: str | None, private: bool, as_json: bool
) -> None:
    """Try a dossier system's own endpoint: one line per check, with what to mend. Exit 0 fine, 1 findings, 2 misuse.

    URL is the base below which queue-records, queue-days and dossiers stand. What is sent is marked DuLieuThuNghiem: true."""
    from .conformance import Kit, as_data, lines

    inside = private or (outward.names_inside(url) and outward.names_inside(token_url))
    try:
        for address in (url, token_url):
            outward.place(address, private=inside)
    except outward.NotReachable as bad:
        raise click.UsageError(str(bad)) from bad
    kit = Kit(url, token_url, client_id, client_secret_file.read_text("utf-8").strip(), site=site, code=code, private=inside)
    found = kit.run()
    click.echo(json.dumps(as_data(found), ensure_ascii=False) if as_json else "\n".join(lines(found)))
    sys.exit(0 if all(check.well for check in found) else 1)
