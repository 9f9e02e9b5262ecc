"""`toiluot drivers …`: the commands of this room. Each imports its work only when called, so that help costs nothing."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

DEFAULT_CONFIG = "/etc/toiluot/drivers.toml"
DEFAULT_SOCKET = "/run/toiluot/drivers.sock"
DEFAULT_STATE = "/var/lib/toiluot/drivers"
_config = click.option(
    "--config", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, show_default=True, help="Which devices this machine has."
)
_socket = click.option(
    "--socket", "socket_path", type=click.Path(path_type=Path), default=DEFAULT_SOCKET, show_default=True, help="The service's socket."
)
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
_lang = click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True, help="Language of the remedies.")


_ELSEWHERE = {
    "list": ("drivers.technician.commands", "list_devices"),
    "bind": ("drivers.technician.commands", "bind"),
    "watch": ("drivers.technician.commands", "watch"),
    "record": ("drivers.technician.commands", "record"),
    "burn-in": ("drivers.technician.commands", "burn_in"),
    "sim": ("drivers.sim.cli", "sim"),
}


class Drivers(click.Group):
    """Loads the commands that stand in other files only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_ELSEWHERE]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in _ELSEWHERE:
            module, command = _ELSEWHERE[name]
            found: click.Command = getattr(import_module(module), command)
            return found
        return super().get_command(ctx, name)


@click.group(cls=Drivers)
def drivers() -> None:
    """Printers, readers, panels: serve, list, doctor, test, simulate."""


@drivers.command()
@_config
@_socket
@click.option("--state", type=click.Path(path_type=Path), default=DEFAULT_STATE, show_default=True, help="Where the print journal is kept.")
@click.option("--json", "as_json", is_flag=True, help="Say the socket as one line of JSON when ready.")
def serve(config: Path, socket_path: Path, state: Path, as_json: bool) -> None:
    """Own this machine's devices and serve them over a Unix socket."""
    from drivers.running import run

    try:
        run(_load(config), socket_path, state, as_json)
    except OSError as error:
        raise click.ClickException(
            f"{error.filename or socket_path}: {error.strerror or error}. Check the folder and the account's rights."
        ) from error


def _load(config: Path) -> Any:
    from drivers.config import ConfigError, load_config

    try:
        return load_config(config)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error


@drivers.command()
@_config
@_socket
@_lang
@_json
def doctor(config: Path, socket_path: Path, lang: str, as_json: bool) -> None:
    """Look for what is wrong, one line of remedy for each finding. Exit 0: nothing, 1: findings, 2: misuse."""
    from drivers.technician.doctor import examine

    findings = examine(config, socket_path)
    if as_json:
        click.echo(json.dumps({"findings": [one.as_json() for one in findings]}, ensure_ascii=False))
    else:
        for one in findings:
            click.echo(one.line(lang))
        if not findings:
            click.echo({"vi": "Không thấy lỗi nào.", "en": "Nothing wrong found."}[lang])
    sys.exit(1 if any(one.level != "note" for one in findings) else 0)


@drivers.command()
@click.argument("role", type=click.Choice(["printer", "reader", "led", "keypad", "touch", "tactile", "speech"]))
@_socket
@click.option("--wait", "wait_s", default=30.0, type=click.FloatRange(1, 600), show_default=True, help="Seconds to wait for a person.")
@_lang
@_json
def test(role: str, socket_path: Path, wait_s: float, lang: str, as_json: bool) -> None:
    """Try one device through the running service: a slip comes out, a card, key or touch is heard, panels show eights, a voice speaks."""
    from drivers.technician.trying import try_role
    from drivers.technician.trying_hand import ask_for

    if asked := ask_for(role, lang):
        click.echo(asked, err=True)
    fine, told = try_role(role, socket_path, wait_s, lang)
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else told["text"])
    sys.exit(0 if fine else 1)


@drivers.command()
@_socket
@click.option("--length", "length_m", type=click.FloatRange(1, 1000), help="Metres on the new roll; else what the configuration says.")
@click.option("--done", is_flag=True, help="The roll is already in: only count anew.")
@click.option("--wait", "wait_s", default=180.0, type=click.FloatRange(1, 3600), show_default=True, help="Seconds to wait at each step.")
@_lang
@_json
def roll(socket_path: Path, length_m: float | None, done: bool, wait_s: float, lang: str, as_json: bool) -> None:
    """Change the printer's paper, step by step: open, new roll, close, test slip, count anew."""
    from drivers.technician.roll_change import change_roll

    say = (lambda text: click.echo(text, err=True)) if as_json else click.echo
    fine, told = change_roll(socket_path, say, length_m=length_m, done=done, wait_s=wait_s, lang=lang)
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else told["text"])
    sys.exit(0 if fine else 1)
