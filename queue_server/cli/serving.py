"""`toiluot server init` and `run`: a usable site, and serving it until SIGTERM."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from queue_server.cli.base import DB, FILE, JSON, NAMES, STATE, TLS, TlsCommand, listening, say, server, tls_files, told


@server.command()
@DB
@click.option("--site", required=True, metavar="CODE")
@click.option("--name", default=None, help="The centre's name as people read it.")
@click.option("--template", type=click.Choice(["commune", "ward", "province"]), default="ward", show_default=True)
@click.option("--kind", type=click.Choice(["live", "pilot", "training", "demo"]), default="live", show_default=True)
@JSON
@told
def init(url: str, site: str, name: str | None, template: str, kind: str, as_json: bool) -> None:
    """Make the schema and a usable site. Twice changes nothing."""
    from queue_server.bootstrap import prepare
    from queue_server.services import configuring

    store = prepare(url)
    try:
        created = configuring.init_site(store, site=site, name=name, template_name=template, kind=kind)
        with store.read() as reader:
            row = reader.site(site) or {}
    finally:
        store.close()
    body = {"site": site, "created": created, "name": row["name"], "kind": row["kind"], "board_token": row["board_token"]}
    say(as_json, body, f"site {site}: {'made' if created else 'was there already, nothing changed'}; board at /b/{row['board_token']}")


@server.command(cls=TlsCommand)
@DB
@click.option("--bind", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT")
@TLS
@STATE
@NAMES
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1))
@click.option("--max-streams", default=2000, show_default=True, type=click.IntRange(0), help="Open streams; more are asked to come back.")
@click.option(
    "--streams",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "own", "here"]),
    help="Streams in a process of their own; in this one; or in this one until there are many.",
)
@click.option("--per-key", default=5000.0, show_default=True, type=click.FloatRange(0), help="Requests a second of one API key; 0: any.")
@click.option("--per-address", default=200.0, show_default=True, type=click.FloatRange(0), help="The same of one address without a key.")
@click.option("--guesses", default=5.0, show_default=True, type=click.FloatRange(0), help="Wrong keys and tokens a second of one address.")
@click.option("--oidc", type=FILE, default=None, metavar="FILE.toml", help="Log-in through the organisation too (docs/sso.md).")
@click.option("--alerts", type=FILE, default=None, metavar="FILE.toml", help="Limits of alerts and whom they are told to (docs/alerts.md).")
@click.option("--dossier", default="", metavar="URL", help="Dossiers are looked up there: the --bind of `toiluot dossier run`.")
@click.option("--dossier-key-file", default=None, type=FILE, help="The key it asks for.")
@click.option(
    "--waits",
    type=click.Choice(["foreseen", "plain"]),
    default="foreseen",
    show_default=True,
    help="plain: people ahead × pace alone, for a machine that lacks the memory for more.",
)
@click.option("--metrics", default="", metavar="HOST:PORT", help="Where Prometheus may ask, e.g. 127.0.0.1:9108.")
@JSON
@told
def run(
    url: str, bind: str, tls: tuple[str, str] | None, state: str | None, names: tuple[str, ...], workers: int, streams: str,
    oidc: str | None, as_json: bool, alerts: str | None, metrics: str, dossier: str, dossier_key_file: str | None, waits: str,
    **limits: Any,
) -> None:  # fmt: skip
    """Serve until SIGTERM."""
    from queue_server.bootstrap import build, serving
    from queue_server.web import sso_settings
    from toiluot_edge import prefork, serve

    if workers > 1 and url.startswith("sqlite"):
        raise click.UsageError("SQLite has one writer: with --workers above 1 two processes would wait for each other. Use --workers 1.")
    if tls and streams == "own":
        raise click.UsageError("--streams own hands connections to another process, and --tls ties them to this one: take a proxy for TLS.")
    renamed = {"max_streams": "streams_limit", "per_key": "per_key", "per_address": "per_address", "guesses": "guesses_per_address"}
    settings: dict[str, Any] = {renamed[option]: value for option, value in limits.items()}
    settings["alerts"] = Path(alerts) if alerts else None
    settings["sso"] = sso_settings.read(Path(oidc)) if oidc else None
    settings["waits"] = waits
    settings["dossier"] = _dossier(dossier, dossier_key_file)
    tls = tls_files(tls, url, bind, state, names)
    sock, address = listening(bind, tls=tls is not None)

    def work(n: int) -> None:
        with serving(url):
            serve_one(n)

    def serve_one(n: int) -> None:
        own = build(url, tls=tls is not None, streams=streams, metrics=metrics if n == 0 else "", **settings)

        def ready() -> None:
            own.start()
            if n == 0:
                say(as_json, {"server": address}, f"serving {address}")
                sys.stdout.flush()

        try:
            serve(own.application, sock, on_ready=ready, on_stop=own.stop, tls=tls, own_date=True)
        finally:
            own.close()

    prefork(workers, work)


def _dossier(address: str, key_file: str | None) -> tuple[str, str] | None:
    """Where dossiers are looked up, with the key; misuse is told before anything is served."""
    from queue_server.web.dossier_line import safe_base

    if not address and not key_file:
        return None
    if not address or not key_file:
        raise click.UsageError(
            "--dossier and --dossier-key-file belong together: the address of `toiluot dossier run --bind`, and its key."
        )
    try:
        return safe_base(address), Path(key_file).read_text("utf-8").strip()
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from wrong


@server.command()
@DB
@JSON
@told
def ca(url: str, as_json: bool) -> None:
    """Print the site's certificate authority (PEM), for a card or another machine; its four words go to stderr."""
    from queue_server.bootstrap import authority_of

    pem, words = authority_of(url)
    say(as_json, {"ca_pem": pem, "words": words}, pem.rstrip())
    if not as_json:
        click.echo(" · ".join(words), err=True)


@server.command(hidden=True)
@click.option("--line", required=True, type=int)
def streams(line: int) -> None:
    """What `run` starts for its streams; the line is a socket that it holds the other end of."""
    import socket

    from queue_server.bootstrap import serve_streams

    serve_streams(socket.socket(fileno=line))
