"""The Debian packages: what is in them, the same bytes twice, and a Debian 13 that installs, serves, upgrades and purges them.

Holds no unit's behaviour: what booted units do is in `tests/boot`.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.boot import tree
from tests.packages.room import Room, needs_a_tree, room

HERE = Path(__file__).parent
CLONE = HERE.parents[1]
DEBIAN = CLONE / "systemd" / "debian"
NAMES = ["toiluot-common", "toiluot-hardware", "toiluot-server", "toiluot-kiosk", "toiluot-display"]
# What an operator's copies and this start's own folder are: not the packages' to take away.
STAYS = {"/var/backups/toiluot", "/run/toiluot-screen"}
pytestmark = [
    pytest.mark.full,
    pytest.mark.slow(reason="packages are built, and a Debian is made where none is kept"),
    pytest.mark.timeout(1500),
]


@pytest.fixture(scope="module")
def packages() -> Path:
    needs_a_tree()
    return tree.packages()


@pytest.fixture(scope="module")
def opened(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each package's files and words."""
    found = {}
    for name in NAMES:
        (package,) = packages.glob(f"{name}_*_all.deb")
        found[name] = tmp_path_factory.mktemp("opened") / name
        subprocess.run(["dpkg-deb", "--raw-extract", package, found[name]], check=True)
    return found


def files(place: Path) -> list[str]:
    return sorted(
        str(path.relative_to(place)) for path in place.rglob("*") if path.is_file() and path.relative_to(place).parts[0] != "DEBIAN"
    )


def test_a_clean_clone_makes_the_same_bytes_anywhere(tmp_path: Path) -> None:
    sums = []
    for turn, mask in (("Asia/Ho_Chi_Minh", 0o022), ("UTC", 0o077)):
        clone = tmp_path / turn.replace("/", "-")
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(CLONE), str(clone)], check=True)
        subprocess.run(["git", "-C", str(clone), "reset", "--quiet", "--hard", head()], check=True)
        command = [sys.executable, str(clone / "systemd/debian/build.py")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, umask=mask, env={**os.environ, "TZ": turn})
        sums.append({each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in (clone / "build/deb").glob("*.deb")})
    assert sums[0] == sums[1]
    assert sorted(each.split("_")[0] for each in sums[0]) == sorted(NAMES)


@cache
def head() -> str:
    """Asked once: a commit may land beside this test."""
    return subprocess.run(["git", "-C", str(CLONE), "rev-parse", "HEAD"], check=True, text=True, capture_output=True).stdout.strip()


def test_only_what_belongs_into_a_package_is_in_it(opened: dict[str, Path]) -> None:
    everything = [(name, each) for name, place in opened.items() for each in files(place)]
    bad = re.compile(r"\.py[co]$|\.so$|/tests?/|conftest|\.key$|^usr/local|^opt|^home|^(lib|bin|sbin)/|/\.git")
    ours = [(name, each) for name, each in everything if bad.search(each)]
    assert ours == []
    machine = re.compile(rb"/home/|/root/\.|" + re.escape(str(CLONE)).encode())
    private = opened["toiluot-common"] / "usr/lib/toiluot"
    for path in [*(private / "queue_server").rglob("*"), *(private / "kiosk").rglob("*"), *opened["toiluot-server"].rglob("*")]:
        if path.is_file() and path.suffix in {".py", ".service", ".env", ".timer", ""}:
            assert machine.search(path.read_bytes()) is None, path
    assert not [
        each for _, each in everything if each.endswith(("drivers/__init__.py", "display/__init__.py")) and "usr/lib/toiluot/" not in each
    ]


def test_no_file_belongs_to_two_packages(opened: dict[str, Path]) -> None:
    seen: dict[str, str] = {}
    for name, place in opened.items():
        for each in files(place):
            assert each not in seen, f"{each}: {seen.get(each)} and {name}"
            seen[each] = name


def test_settings_are_conffiles_and_every_sum_is_right(opened: dict[str, Path]) -> None:
    for place in opened.values():
        listed = (place / "DEBIAN/conffiles").read_text().split() if (place / "DEBIAN/conffiles").exists() else []
        assert listed == [f"/{each}" for each in files(place) if each.startswith("etc/")]
        lines = [line.split("  ", 1) for line in (place / "DEBIAN/md5sums").read_text().splitlines()]
        sums = {each: total for total, each in lines}
        assert sums == {each: hashlib.md5((place / each).read_bytes()).hexdigest() for each in files(place)}


def test_every_unit_that_can_be_enabled_is_decided_about(opened: dict[str, Path]) -> None:
    entries = tomllib.loads((DEBIAN / "packages.toml").read_text())
    decided = {unit for entry in entries.values() for unit in [*entry["enable"], *entry["leave"]]}
    units = {
        Path(each).name: opened[name] / each for name in NAMES for each in files(opened[name]) if re.search(r"systemd/system/[^/]+$", each)
    }
    installable = {name for name, path in units.items() if "[Install]" in path.read_text()}
    assert installable == decided
    for entry in entries.values():
        assert set(entry["start"]) <= set(entry["enable"])
        for unit in entry["enable"]:
            assert unit.endswith(".timer") or "Condition" in units[unit].read_text(), unit


def test_debians_libraries_are_what_others_ask_for() -> None:
    sys.path.insert(0, str(DEBIAN))
    try:
        from libraries import Libraries  # type: ignore[import-not-found, unused-ignore]
    finally:
        sys.path.remove(str(DEBIAN))
    libraries = Libraries(CLONE)
    assert libraries.too_old() == []
    assert set(libraries.debian) == set(libraries.from_debian()), "libraries.toml names one that nobody asks for"
    assert all("--hash=sha256:" in line or line.endswith("\\") for line in libraries.locked().splitlines() if line)


@pytest.fixture
def trixie(tmp_path: Path) -> Iterator[Room]:
    with room(tmp_path) as made:
        yield made


def lower(packages: Path, into: Path) -> Path:
    """The same packages as an older release would have left them, with a file that the newer one no longer has."""
    into.mkdir()
    for package in packages.glob("*.deb"):
        place = into / package.name.split("_")[0]
        subprocess.run(["dpkg-deb", "--raw-extract", package, place], check=True)
        control = place / "DEBIAN/control"
        newer = re.search(r"^Version: (.*)$", control.read_text(), re.MULTILINE)
        assert newer is not None
        control.write_text(control.read_text().replace(newer[1], "0.0.1"))
        if place.name == "toiluot-common":
            (place / "usr/lib/toiluot/left_behind.py").write_text('"""Gone in the next release."""\n')
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", place, into / f"{place.name}_0.0.1_all.deb"], check=True
        )
    return into


def first_number(trixie: Room, *words: str) -> dict[str, object]:
    said = trixie.run("python3", "-", *words, stdin=(HERE / "first_number.py").read_text()).stdout
    answer: dict[str, object] = json.loads(said.splitlines()[-1])
    return answer


def served(answer: dict[str, object], number: int) -> None:
    assert answer["blank_before_colon"] == answer["two_lengths"] == "HTTP/1.1 400 Bad Request"
    assert answer["check"] == "no findings\n"
    assert answer["status"] == 201, answer["answer"]
    assert answer["answer"]["number"] == number  # type: ignore[index]


IMPORT_ALL = """
import sys; sys.path.insert(0, "/usr/lib/toiluot")
import importlib, pkgutil
for root in ("queue_server", "kiosk", "drivers", "display"):
    for module in pkgutil.walk_packages(importlib.import_module(root).__path__, root + "."):
        if ".migrations." not in module.name:
            importlib.import_module(module.name)
import drivers, display
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
keys = {"ES256": ECKey.generate_key("P-256"), "RS256": RSAKey.generate_key(2048), "Ed25519": OKPKey.generate_key("Ed25519")}
for algorithm, key in keys.items():
    token = jwt.encode({"alg": algorithm}, {"a": 1}, key, algorithms=[algorithm])
    assert jwt.decode(token, key, algorithms=[algorithm]).claims == {"a": 1}
print(sorted([drivers.__file__, display.__file__]))
"""


def test_installed_serving_upgraded_and_purged_on_debian_13(packages: Path, trixie: Room, tmp_path: Path) -> None:
    before = trixie.names()
    trixie.bring(lower(packages, tmp_path / "older"), "/ours/older")
    trixie.bring(packages, "/ours/newer")
    trixie.shell("dpkg -i /ours/older/*.deb")
    assert trixie.shell("find / -xdev -name '*.key' -path '*toiluot*'") == "", "keys are made by the device that keeps them"
    assert trixie.shell("find /var/lib/toiluot -type f") == "", "no state before somebody asks for it"
    assert "Commands:" in trixie.shell("cd /tmp && echo 'raise SystemExit(9)' > click.py && toiluot --help")
    served(first_number(trixie), 1)

    trixie.shell("sed -i s/kiosk-01/kiosk-07/ /etc/toiluot/kiosk.env; systemctl disable --quiet toiluot-display")
    trixie.shell("dpkg -i /ours/newer/*.deb </dev/null")
    assert trixie.shell("dpkg-query -W -f '${Version}\n' 'toiluot-*' | sort -u").strip() != "0.0.1"
    assert "kiosk-07" in trixie.shell("cat /etc/toiluot/kiosk.env"), "an administrator's settings stay"
    assert trixie.shell("systemctl is-enabled toiluot-display || true").strip() == "disabled", "and decisions"
    assert trixie.shell("systemctl is-enabled toiluot-kiosk").strip() == "enabled"
    assert not (trixie.root / "usr/lib/toiluot/left_behind.py").exists()
    served(first_number(trixie, "--again"), 2)
    everything = ast.literal_eval(trixie.run("python3", "-IB", "-", stdin=IMPORT_ALL).stdout.splitlines()[-1])
    assert everything == ["/usr/lib/toiluot/display/__init__.py", "/usr/lib/toiluot/drivers/__init__.py"]

    trixie.shell("dpkg --remove toiluot-server")
    assert (trixie.root / "var/lib/toiluot/server/site.db").exists(), "removing keeps the site"
    trixie.shell(f"dpkg --purge {' '.join(reversed(NAMES))}")
    assert trixie.names() - before - STAYS == set()
    assert trixie.shell("find / -xdev -lname '*toiluot*' -not -path '/proc/*'") == ""


def test_debian_has_the_versions_that_the_packages_name(trixie: Room) -> None:
    table = tomllib.loads((DEBIAN / "libraries.toml").read_text())["debian"]
    said = trixie.shell("dpkg-query -W -f '${Package} ${Version}\\n'")
    there = dict(line.split(" ", 1) for line in said.splitlines())
    for entry in table.values():
        assert re.sub(r"^\d+:", "", there[entry["package"]]).startswith(entry["version"]), entry
