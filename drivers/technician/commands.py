"""The technician's commands: list, bind, watch, record, burn-in. Each imports its work only when called."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

DEFAULT_CONFIG = "/etc/toiluot/drivers.toml"
DEFAULT_SOCKET = "/run/toiluot/drivers.sock"
_json = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
_lang = click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True, help="Language of the words.")
_socket = click.option(
    "--socket", "socket_path", type=click.Path(path_type=Path), default=DEFAULT_SOCKET, show_default=True, help="The service's socket."
)


def _say(said: dict[str, Any], lines: list[str], as_json: bool) -> None:
    click.echo(json.dumps(said, ensure_ascii=False) if as_json else "\n".join(lines))


def load(config: Path) -> Any:
    """The configuration; a wrong one is misuse (exit 2) and says where it is wrong."""
    from drivers.config import ConfigError, load_config

    try:
        return load_config(config)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error


@click.command("list")
@click.option("--config", type=click.Path(path_type=Path), help="Say also which slot owns what.")
@_socket
@_json
def list_devices(config: Path | None, socket_path: Path, as_json: bool) -> None:
    """Every device udev knows: what would serve it and how surely, whose slot it is, who has it open, and its health."""
    from drivers.technician.listing import lines, listing

    found = listing(load(config) if config else None, socket_path)
    _say(found, lines(found), as_json)


@click.command()
@click.argument("slot")
@click.argument("device", default="")
@click.option("--config", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, show_default=True, help="The file to write into.")
@click.option("--driver", "driver_name", default="", help="The driver, where neither the file nor the device tells it.")
@click.option("--line", default="", help="What a serial line needs, as in baud=9600&parity=E.")
@_lang
@_json
def bind(slot: str, device: str, config: Path, driver_name: str, line: str, lang: str, as_json: bool) -> None:
    """Give SLOT (printer, reader, led-1, …) the device DEVICE (/dev/… or usb:… or path:…) and write it into the configuration.

    Without DEVICE the only one that can be meant is taken. Exit 1: none or several could be meant, and they are listed.
    """
    from drivers.config import ConfigError
    from drivers.ports.discovery import devices
    from drivers.technician.binding import BindError
    from drivers.technician.binding import bind as bind_it

    try:
        done = bind_it(config, slot, device, devices(), driver_name=driver_name, line=line)
    except BindError as error:
        choices = [one.as_json() for one in error.choices]
        words = error.vi if lang == "vi" else error.en
        _say(
            {"ok": False, "text": words, "choices": choices},
            [words, *(f"  {one['node']}  {one['id']}  {one['name']}" for one in choices)],
            as_json,
        )
        sys.exit(1)
    except (ConfigError, OSError) as error:
        raise click.UsageError(str(error)) from error
    told = {"ok": True, "slot": done.slot, "driver": done.driver, "match": done.match, "node": done.device.node, "changed": done.changed}
    vi = f"[slot.{done.slot}] ← {done.device.node} ({done.match}). " + (
        "Khởi động lại dịch vụ: “systemctl restart toiluot-drivers”." if done.changed else "Đã đúng từ trước, không ghi gì."
    )
    en = f"[slot.{done.slot}] ← {done.device.node} ({done.match}). " + (
        "Restart the service: “systemctl restart toiluot-drivers”." if done.changed else "It was so already, nothing written."
    )
    _say(told, [vi if lang == "vi" else en], as_json)


@click.command()
@click.option("--for", "seconds", default=0.0, type=click.FloatRange(0, 86_400), help="End after so many seconds; 0: until Ctrl-C.")
@_json
def watch(seconds: float, as_json: bool) -> None:
    """Say what is plugged in and pulled out, as udev tells it."""
    from drivers.technician.watching import changes

    for change in changes(seconds or None):
        device = change["device"]
        mark = "+" if change["change"] == "add" else "-"
        click.echo(json.dumps(change, ensure_ascii=False) if as_json else f"{mark} {device['node']}  {device['id']}  {device['name']}")


@click.command()
@click.argument("slot")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_socket
@click.option("--for", "seconds", default=30.0, type=click.FloatRange(0.1, 600), show_default=True, help="How long; Ctrl-C ends it sooner.")
@_lang
@_json
def record(slot: str, file: Path, socket_path: Path, seconds: float, lang: str, as_json: bool) -> None:
    """Take down what passes on the line of SLOT into FILE: a test can play it back, and nothing of a person is in it."""
    from drivers.client import DriversClient, DriversError
    from drivers.technician.keeping import keep

    try:
        with DriversClient(socket_path) as client:
            told = keep(client, slot, file, seconds)
    except DriversError as error:
        click.echo(json.dumps({"ok": False, "code": error.code, "text": error.detail}) if as_json else error.detail, err=not as_json)
        sys.exit(1)
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror or error}") from error
    vi = f"Đã ghi {told['events']} sự kiện, {told['bytes_in']} byte từ thiết bị vào {file}. Không có dữ liệu cá nhân trong tệp."
    en = f"{told['events']} events, {told['bytes_in']} bytes from the device, written to {file}. Nothing of a person is in it."
    _say({"ok": True, **told}, [vi if lang == "vi" else en], as_json)


@click.command("burn-in")
@_socket
@click.option("--minutes", default=60.0, type=click.FloatRange(0.01, 10_080), show_default=True, help="How long.")
@click.option("--cycles", default=0, type=click.IntRange(0, 1_000_000), help="End after so many rounds instead.")
@click.option("--every", "every_s", default=20.0, type=click.FloatRange(0, 3600), show_default=True, help="Seconds between two rounds.")
@_lang
@_json
def burn_in(socket_path: Path, minutes: float, cycles: int, every_s: float, lang: str, as_json: bool) -> None:
    """Exercise every device for an hour through the running service and report on each. Exit 0: no finding, 1: findings.

    A round prints a short slip, shows a number on each panel, looks closer at each printer, and counts what every other
    device loses meanwhile. An hour takes about 180 short slips, some six metres of paper.
    """
    from drivers.client import DriversError
    from drivers.technician.burning import burn, lines

    try:
        told = burn(socket_path, minutes * 60, cycles or None, every_s)
    except DriversError as error:
        click.echo(json.dumps({"ok": False, "code": error.code, "text": error.detail}) if as_json else error.detail, err=not as_json)
        sys.exit(1)
    _say(told, lines(told, lang), as_json)
    sys.exit(0 if told["ok"] else 1)
