"""What the commands of the simulators share: checks of their options, complaints in one sentence, and staying alive."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
from collections.abc import Callable
from typing import Any

import click

from drivers.sim.faults import Fault, parse_faults


def faults_option(known: tuple[str, ...]) -> Callable[[click.Context, click.Parameter, str], list[Fault]]:
    """A callback for --fault: names the known ones where it meets another."""

    def check(_: click.Context, __: click.Parameter, text: str) -> list[Fault]:
        try:
            return parse_faults(text, known)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return check


def host_port(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """A callback for --tcp and --http."""
    if text is not None and (":" not in text or not text.rpartition(":")[2].isdigit()):
        raise click.BadParameter("write HOST:PORT (port 0 for any free one)")
    return text


@contextlib.contextmanager
def complaining() -> Any:
    """An address in use or a folder that is not ours: one sentence, not a traceback."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{error.strerror or error}: {error.filename or 'address'}; choose another") from error


def stay(said: dict[str, Any], as_json: bool, closing: list[Any]) -> None:
    """Say where the far end is, and keep it there until Ctrl-C or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    text = json.dumps(said) if as_json else "  ".join(f"{name}: {value}" for name, value in said.items())
    click.echo(text)
    ended.wait()
    for one in closing:
        one.close()
