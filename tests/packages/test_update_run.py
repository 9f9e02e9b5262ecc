"""A night's update in a Debian 13 tree, by the installed updater, from a signed ring: taken back, not tried again, kept.

Holds no rule (tests/device/test_updating.py) and waits for no minute: the looks are given to it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.boot import tree
from tests.packages.ring import publish
from tests.packages.room import Room, needs_a_tree, room
from tests.packages.test_packages import lower

pytestmark = [pytest.mark.full, pytest.mark.slow(reason="packages are installed four times"), pytest.mark.timeout(1500)]
NIGHT = """
import json, sys
sys.path.insert(0, "/usr/lib/toiluot")
from queue_server.device.update_run import NoUpdate, Updater
from queue_server.device.updating import Health
looks = iter([Health(**each) for each in json.loads(sys.argv[1])])
last = [Health()]
def look():
    last[0] = next(looks, last[0])
    return last[0]
try:
    print(Updater(every_s=0, look=look).run())
except NoUpdate as reason:
    print("no update:", reason)
"""
GOOD = {"units": True, "page": True, "server": True}
DEAD = {"units": True, "page": False, "server": True}


def night(machine: Room, *looks: dict[str, bool]) -> str:
    return machine.run("python3", "-IB", "-c", NIGHT, json.dumps(looks)).stdout.splitlines()[-1]


def version(machine: Room) -> str:
    return machine.shell("dpkg-query -W -f '${Version}\\n' toiluot-common toiluot-server | sort -u").strip()


def test_a_bad_version_goes_back_is_not_tried_again_and_a_good_one_stays(tmp_path: Path) -> None:
    needs_a_tree()
    if shutil.which("gpg") is None:
        pytest.fail("NOT PROVEN HERE: gpg signs the ring (apt-get install gpg)")
    ours = [each for each in tree.packages().glob("*.deb") if each.name.startswith(("toiluot-common", "toiluot-server"))]
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    for each in ours:
        shutil.copy(each, chosen)
    older = sorted(lower(chosen, tmp_path / "older").glob("*.deb"))
    newer = subprocess.run(["dpkg-deb", "-f", str(ours[0]), "Version"], check=True, text=True, capture_output=True).stdout.strip()
    public = publish(tmp_path / "repository/first", [*older, *ours], tmp_path / "keys")
    with room(tmp_path / "room") as machine:
        machine.bring(tmp_path / "repository", "/ours/repository")
        machine.shell("dpkg -i /ours/repository/first/*_0.0.1_all.deb")
        machine.shell(
            f"cp /ours/repository/{public.name} /etc/toiluot/; sed -i s/8080/8090/ /etc/toiluot/server.env; echo first > /etc/toiluot/ring"
        )
        settings = 'repository = "file:///ours/repository"\nsigned_by = "/etc/toiluot/packages.asc"\n'
        (machine.root / "etc/toiluot/update.toml").write_text(settings)

        assert night(machine, GOOD, GOOD, DEAD) == "taken back"
        assert version(machine) == "0.0.1"
        report = json.loads((machine.root / "var/lib/toiluot/update/report.json").read_text())
        assert (report["outcome"], report["version"], report["reasons"]) == ("taken back", newer, ["page"])
        assert night(machine, GOOD) == "nothing newer"

        (machine.root / "var/lib/toiluot/update/state.json").write_text("{}")
        assert night(machine, GOOD, GOOD) == "kept"
        assert version(machine) == newer
        assert "8090" in machine.shell("cat /etc/toiluot/server.env")
        assert sorted(each.name for each in (machine.root / "var/cache/toiluot/packages").iterdir()) == sorted(["0.0.1", newer])

        # The power went in the middle of an installation: back, before anything else.
        cut = {"phase": "installing", "before": "0.0.1", "after": newer, "names": ["toiluot-common", "toiluot-server"]}
        (machine.root / "var/lib/toiluot/update/state.json").write_text(json.dumps(cut))
        assert night(machine) == "taken back"
        assert version(machine) == "0.0.1"

        # A list that somebody else signed, or changed, is no list.
        packages = machine.root / "ours/repository/first/InRelease"
        packages.write_text(packages.read_text().replace("2026", "2025"))
        (machine.root / "var/lib/toiluot/update/state.json").write_text("{}")
        assert night(machine, GOOD).startswith("no update")
        assert version(machine) == "0.0.1"
