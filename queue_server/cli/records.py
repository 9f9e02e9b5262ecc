"""`toiluot server config`, `check` and `audit`: the document in force, and whether everything agrees."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from queue_server.cli.base import DB, FILE, FINDING, JSON, RESTORE, SITE, only_site, opened, say, server, told


# ---------------------------------------------------------------- configuration, check
@server.group()
def config() -> None:
    """The site's configuration document."""


@config.command("show")
@DB
@SITE
@JSON
@told
def config_show(url: str, site: str | None, as_json: bool) -> None:
    """The document in force, as JSON."""
    from queue_server.services import configuring

    with opened(url) as store:
        found = configuring.current(store, only_site(store, site))
    click.echo(json.dumps(found["document"], ensure_ascii=False, indent=None if as_json else 2))


@config.command("apply")
@DB
@SITE
@click.argument("file", type=click.File("rb"))
@JSON
@told
def config_apply(url: str, site: str | None, file: Any, as_json: bool) -> None:
    """Put a document in force; it is checked first and applied whole or not at all."""
    from queue_server.domain.principal import SYSTEM
    from queue_server.services import command, configuring

    try:
        document = json.loads(file.read())
    except ValueError as bad:
        raise click.UsageError(f"{file.name}: not JSON ({bad})") from bad
    with opened(url) as store:
        done = command.beat(store, only_site(store, site), SYSTEM, lambda unit: configuring.apply(unit, document=document))
    say(as_json, done, f"configuration version {done['version']} in force")


@server.command()
@DB
@JSON
@told
def check(url: str, as_json: bool) -> None:
    """Integrity: the pages of the file, then the sequence, the hash chain, the times and the end of every site's log."""
    from queue_server.audit import compare
    from queue_server.bootstrap import damage, must_be_a_database

    must_be_a_database(url)
    broken = damage(url)
    if broken:
        say(as_json, {"findings": broken}, "\n".join([*broken, RESTORE]))
        sys.exit(FINDING)
    _tell_findings(url, compare.integrity, as_json)


@server.command()
@DB
@click.option("--day", default=None, metavar="YYYY-MM-DD", help="Tickets and figures of this business day only.")
@click.option("--sent", multiple=True, type=FILE, metavar="FILE", help="Versions that the dossier system took, or refused.jsonl.")
@click.option("--names", type=FILE, default=None, metavar="FILE", help="The feed's NAMES.json, where it has one.")
@JSON
@told
def audit(url: str, day: str | None, sent: tuple[str, ...], names: str | None, as_json: bool) -> None:
    """Add the log up a second time and compare: rows, figures, seals, stored answers, sent records. Also while a server runs."""
    from queue_server.audit import compare
    from queue_server.audit import sent as records

    taken = [record for path in sent for record in records.load(Path(path))]
    known = json.loads(Path(names).read_text("utf-8")) if names else {}

    def look(reader: Any, site: str) -> list[str]:
        found = compare.findings(reader, site, day)
        return found + (records.findings(reader, site, taken, known) if sent else [])

    _tell_findings(url, look, as_json)


def _tell_findings(url: str, look: Callable[[Any, str], list[str]], as_json: bool) -> None:
    """One line per finding; exit 1 where there is one."""
    from queue_server.audit import compare

    with opened(url) as store:
        findings = compare.of_every_site(store, look)
    say(as_json, {"findings": findings}, "\n".join(findings) or "no findings")
    if findings:
        sys.exit(FINDING)


@server.command()
@DB
@SITE
@click.option("--day", required=True, metavar="YYYY-MM-DD", help="The business day.")
@click.option("--out", "file", required=True, type=click.Path(dir_okay=False), metavar="FILE.zip")
@JSON
@told
def evidence(url: str, site: str | None, day: str, file: str, as_json: bool) -> None:
    """A day's log, seal, figures and configuration in one signed file that anybody verifies without this server."""
    from queue_server.audit import evidence as bundles
    from queue_server.authority import Authority
    from queue_server.bootstrap import own_version

    with opened(url) as store:
        keys, chosen, now = Authority(store), only_site(store, site), store.clock.wall_ms()
        key = keys.site_key
        with store.read() as reader:
            made = bundles.bundle(reader, chosen, day, now=now, software=own_version(), key=key, sign=keys.sign_document)
    target = Path(file)
    target.touch(mode=0o600)
    target.write_bytes(made)
    body = {"site": chosen, "day": day, "file": str(target), "bytes": len(made), "site_key": key}
    say(as_json, body, f"{target}: {len(made)} bytes, signed by {key}. Verify: python3 verify_evidence.py {target.name}")


@server.command("confirm-clock")
@DB
@SITE
@JSON
@told
def confirm_clock(url: str, site: str | None, as_json: bool) -> None:
    """The machine's clock leapt by more than ten minutes and is right now: let site time follow it."""
    from queue_server.domain.principal import SYSTEM
    from queue_server.services import command, timekeeping

    with opened(url) as store:
        done = command.beat(store, only_site(store, site), SYSTEM, timekeeping.confirm)
    say(as_json, done, f"confirmed: {done['confirmed']['wall']} is right")
