"""A root that forgets and a state that stays: the same machine loses its power twice; numbers and settings go on, the rest is gone.

The root of each boot is a layer of its own in a folder that is thrown away, as overlayroot's lives in memory; the state's
partition stands as the two folders that `var-lib-toiluot.mount` and `etc-toiluot.mount` bring on a device.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.boot.building import Building
from tests.boot.files import DRIVERS, machine_files
from tests.boot.machine import Machine, until

pytestmark = [pytest.mark.full, pytest.mark.slow(reason="boots a whole Debian three times"), pytest.mark.timeout(900)]
CITIZEN = Path(__file__).with_name("citizen.py").read_text(encoding="utf-8")
DATABASE = "sqlite:////var/lib/toiluot/server/site.db"
AS_SERVER = "runuser -u toiluot-server -- toiluot server"
NEEDED = ["toiluot-server", "toiluot-drivers", "toiluot-kiosk"]
BOOTS = 3


def first_settings(machine: Machine) -> None:
    machine.run(f"{AS_SERVER} init --db {DATABASE} --site T01 --kind training --template ward")
    create = f"{AS_SERVER} api-key create --db {DATABASE} --name kiosk --scope issue,read"
    machine.run(f"umask 077; {create} | tr ' ' '\\n' | tail -n 1 > /etc/toiluot/kiosk.key; sync")
    machine.run("systemctl start toiluot-server toiluot-kiosk")


def test_three_boots_of_a_read_only_root_keep_every_number(building: Building, layers: list[Path], tmp_path: Path) -> None:
    building.print_here()
    state, settings = tmp_path / "state", tmp_path / "etc"
    state.mkdir()
    settings.mkdir()
    for layer in reversed(layers):
        for source in sorted((layer / "etc/toiluot").rglob("*")) if (layer / "etc/toiluot").is_dir() else []:
            if source.is_file():
                (settings / source.relative_to(layer / "etc/toiluot")).parent.mkdir(parents=True, exist_ok=True)
                (settings / source.relative_to(layer / "etc/toiluot")).write_bytes(source.read_bytes())
    (settings / "drivers.toml").write_text(DRIVERS)
    binds = {"/var/lib/toiluot": state, "/etc/toiluot": settings}
    labels: list[str] = []
    for boot in range(BOOTS):
        place = tmp_path / f"boot-{boot}"
        machine = Machine(place, layers, net=building.net, name=f"cycle-{boot}", files=machine_files(), binds=binds)
        try:
            building.wire(machine)
            if boot == 0:
                first_settings(machine)
            until("server, drivers and kiosk are up", lambda m=machine: m.active(*NEEDED), 120)  # type: ignore[misc]
            assert machine.run("test ! -e /etc/should-vanish && test ! -e /var/should-vanish && echo clean") == "clean"
            labels.append(machine.python(CITIZEN, "120")["label"])
            machine.run("touch /etc/should-vanish /var/should-vanish")
        finally:
            machine.power_cut()  # in the middle of whatever it did: nothing is told, nothing is closed
    assert len(set(labels)) == BOOTS, labels
    check(building, state, labels)


def check(building: Building, state: Path, labels: list[str]) -> None:
    """The ledger says the same as the paper: every number once, in order, and the chain is whole."""
    from tests.boot.building import TOILUOT

    database = f"sqlite:///{state}/server/site.db"
    building.inside(*TOILUOT, "server", "check", "--db", database)
    said = json.loads(building.inside(*TOILUOT, "server", "audit", "--db", database, "--json"))
    assert said is not None
    numbers = [int("".join(filter(str.isdigit, label))) for label in labels]
    assert numbers == sorted(numbers), labels
    until("every number's slip", lambda: len(building.slips()) >= len(labels), 60)
