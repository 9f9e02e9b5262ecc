"""The command line: one screen that names the programs and loads each one's own commands only when asked.

Holds no behaviour: every command lives in the `cli` module of the room it belongs to.
"""

from __future__ import annotations

from importlib import import_module

import click

# command -> (module, attribute, one-line help). A device that ships only the kiosk never imports the server.
COMMANDS = {
    "server": ("queue_server.cli", "server", "Queue server: set up, run, keys, audit, backup."),
    "dossier": ("queue_server.dossier.cli", "dossier", "Wait-time records to the dossier system."),
    "demo": ("queue_server.demo.cli", "demo", "A whole centre with simulated devices on this machine."),
    "drivers": ("drivers.cli", "drivers", "Printers, readers, panels: serve, list, doctor, simulate."),
    "kiosk": ("kiosk.cli", "kiosk", "The citizen's screens."),
    "display": ("display.cli", "display", "Hall boards, panels and voice."),
    "provision": ("queue_server.device.cli", "provision", "A device's key, its way into the site, its settings; cards."),
}
OWN = {"drivers", "queue_server", "kiosk", "display", "toiluot_edge", "toiluot_guard"}


class LazyGroup(click.Group):
    """A group whose sub-commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[name]
        try:
            command: click.Command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as missing:
            if (missing.name or "").partition(".")[0] in OWN:
                raise  # a fault of ours, not a part that was left out
            raise click.ClickException(f"'{name}' is not installed here: no module {missing.name}. Install toiluot[{name}].") from missing
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="toiluot")
def main() -> None:
    """Tới Lượt: the queue of a public administration service centre."""


if __name__ == "__main__":
    main()
