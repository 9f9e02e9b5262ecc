"""`toiluot provision …`: what is done on a device, or for one, before and around its work.

Holds the flags; each command imports its work only when called.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from queue_server.device.files import Places
from queue_server.device.identity import Identity, NoIdentity

BINDS = {"kiosk": "127.0.0.1:8765", "board": "127.0.0.1:8766"}
_root = click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default="/",
    envvar="ROOT",
    help="Another file system, for an image or a test.",
)
_identity = click.option(
    "--identity",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the device's key. [default: /var/lib/toiluot/identity]",
)
_json = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def provision() -> None:
    """A device's key, its way into the site, its settings; and the card for a new one."""


def _load(places: Places, folder: Path | None) -> Identity:
    from queue_server.device.identity import load

    try:
        return load(folder or places.identity)
    except NoIdentity as missing:
        raise click.ClickException(str(missing)) from missing


@provision.command()
@click.option("--join", "join_file", type=click.Path(dir_okay=False, path_type=Path), help="[default: /etc/toiluot/join.toml]")
@_identity
@_root
@click.option(
    "--bind", metavar="HOST:PORT", default="", help="Where to show the four words; `none` shows nothing. [default: the role's own page]"
)
@click.option("--once", is_flag=True, help="Ask once; exit 75 where a person has to decide.")
def enrol(join_file: Path | None, folder: Path | None, root: Path, bind: str, once: bool) -> None:
    """Ask the site to let this device in, and wait for it."""
    from queue_server.device.entering import BadEntry, enter
    from queue_server.device.files import erase
    from queue_server.device.identity import load_or_make
    from queue_server.device.joining import BadJoin, read

    places = Places(root)
    try:
        identity = load_or_make(folder or places.identity, places)
        if identity.accepted:
            erase(join_file or places.join)
            click.echo(f"{identity.device}: accepted")
            return
        join = read(join_file or places.join)
        shown = None if bind == "none" or once else bind or BINDS.get(join.role)
        accepted = enter(places, identity, join, bind=shown, once=once, join_file=join_file)
    except (NoIdentity, BadJoin, BadEntry, OSError) as bad:
        raise click.ClickException(str(bad)) from bad
    if not accepted:
        click.echo(f"waiting: {' '.join(identity.words)}")
        sys.exit(75)  # EX_TEMPFAIL of sysexits(3)
    click.echo(f"{identity.device}: accepted")


@provision.command()
@_identity
@_root
@_json
def status(folder: Path | None, root: Path, as_json: bool) -> None:
    """Who this device is, on which settings it runs and where they differ."""
    from queue_server.device.config import applied

    places = Places(root)
    identity, stands = _load(places, folder), applied(places)
    told: dict[str, Any] = {
        "accepted": identity.accepted,
        "device": identity.device,
        "role": identity.role,
        "site": identity.site,
        "servers": identity.facts.get("servers", []),
        "keyid": identity.keyid,
        "words": list(identity.words),
        "config": {"version": stands.version, "drift": list(stands.drift)},
    }
    _tell(told, as_json)


@provision.command()
@_identity
@_root
def words(folder: Path | None, root: Path) -> None:
    """The four words of this device's key, as its screen and the console show them."""
    click.echo(" ".join(_load(Places(root), folder).words))


@provision.command()
@_identity
@_root
def rotate(folder: Path | None, root: Path) -> None:
    """A new key for this device; the old one holds for seven days more. Start the device's programs again afterwards."""
    from queue_server.client import Problem, Unreachable
    from queue_server.device.rotating import rotate as renew

    identity = _load(Places(root), folder)
    if not identity.accepted:
        raise click.ClickException("This device is not let in yet: toiluot provision enrol")
    try:
        renew(identity, identity.folder)
    except (Problem, Unreachable) as bad:
        raise click.ClickException(f"The server did not take the new key: {bad}. The old one stays.") from bad
    click.echo(f"{identity.device}: {' '.join(identity.words)}")


@provision.command()
@click.option(
    "--from",
    "folders",
    multiple=True,
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where a program of this device put it.",
)
@_identity
@_root
def apply(folders: tuple[Path, ...], folder: Path | None, root: Path) -> None:
    """What a program of this device may not do itself: settings, a new key, forgetting; each only with its signature."""
    from queue_server.device.settling import take_over

    places = Places(root)
    identity = _load(places, folder)
    for each in folders:
        for line in take_over(places, identity, each):
            click.echo(line)


@provision.command()
@click.option("--server", "servers", required=True, multiple=True, metavar="URL", help="The site's server; its standby too, in order.")
@click.option("--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="API key of scope fleet: makes a join key.")
@click.option("--role", default="kiosk", show_default=True, type=click.Choice(["kiosk", "board", "server", "standby"]))
@click.option("--name", required=True, help="The device's name, e.g. kiosk-07; also its host name.")
@click.option("--site", default="", metavar="CODE")
@click.option("--panel", default="", help="Touch panel, as for `kiosk run --panel`.")
@click.option("--printer", default="", help="Printer profile, e.g. 80mm-203.")
@click.option(
    "--ca",
    "ca_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The site's authority (PEM), to be believed alone.",
)
@click.option("--ssh-key", "ssh_keys", multiple=True, help="A technician's public key.")
@click.option("--address", default="", metavar="CIDR", help="Fixed address; DHCP if left out.")
@click.option("--gateway", default="")
@click.option("--dns", multiple=True)
@click.option("--wifi", "wifi_name", default="", help="Name of the network; its password from TOILUOT_WIFI_PASSWORD.")
@click.option("--apt-source", default="", help='E.g. "http://192.168.1.10/apt trixie main"')
@click.option("--apt-key", "apt_key_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--ttl-h", default=72, show_default=True, type=click.IntRange(1, 72), help="How long the join key is good.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the three files.")
def card(out: Path, **given: Any) -> None:
    """user-data, network-config and meta-data for a memory card: copy them to its first partition."""
    from queue_server.device.carding import BadCard, write

    try:
        told = write(out, **given)
    except BadCard as bad:
        raise click.UsageError(str(bad)) from bad
    click.echo(told)


def _tell(told: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for name, value in told.items():
        shown = " ".join(map(str, value)) if isinstance(value, list) else value
        click.echo(f"{name:<9} {shown}")
