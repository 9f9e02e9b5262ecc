"""`toiluot drivers sim mrtd`: the card of an invented person, laid on pcscd's virtual reader."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import click

from drivers.sim.cli_parts import complaining, faults_option, host_port, stay
from drivers.sim.faults import Fault
from drivers.sim.mrtd_chip import MRTD_FAULTS, Chip, make
from drivers.sim.mrtd_person import Person
from drivers.sim.vpcd import VpcdWire


@click.command()
@click.option("--vpcd", default="127.0.0.1:35963", show_default=True, callback=host_port, help="Where pcscd's virtual reader listens.")
@click.option("--fault", default="", callback=faults_option(MRTD_FAULTS), help=f"Any of {', '.join(MRTD_FAULTS)}.")
@click.option("--access", default="both", type=click.Choice(["both", "bac", "pace"]), show_default=True, help="How the chip can be opened.")
@click.option("--anchor", type=click.Path(path_type=Path, dir_okay=False), help="Write the issuer's certificate here, for the trust list.")
@click.option("--json", "as_json", is_flag=True, help="Say the card's keys as one line of JSON when ready.")
def mrtd(vpcd: str, fault: list[Fault], access: str, anchor: Path | None, as_json: bool) -> None:
    """The chip of an identity card. The person is invented; the issuer is made at each start."""
    names = {one.name for one in fault}
    person = Person()
    made = make(person, names)
    if anchor is not None:
        with complaining():
            anchor.write_bytes(made.anchor)
    host, _, port = vpcd.rpartition(":")
    wire = VpcdWire(Chip(made, names, os.urandom, access), host.strip("[]") or "127.0.0.1", int(port))
    threading.Thread(target=wire.run, daemon=True).start()
    said: dict[str, Any] = {"role": "mrtd", "vpcd": vpcd, "can": person.can, "document": person.document}
    said |= {"birth": _iso(person.birth, "19"), "expiry": _iso(person.expiry, "20")}
    stay(said, as_json, [wire])


def _iso(date: str, century: str) -> str:
    return f"{century}{date[:2]}-{date[2:4]}-{date[4:]}"
