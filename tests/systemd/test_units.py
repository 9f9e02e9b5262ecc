"""The unit files as text: systemd accepts them, their sandboxes stay closed, and what they name exists.

Holds the judgement of the files alone, by systemd's own tools and by reading. Starting the programs as the units would
is in test_programs.py; a real boot is not here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = {path.stem: path for path in sorted((SYSTEMD / "units").glob("*.service"))}
# Programs that run for as long as the machine does.
OURS = ["toiluot-server", "toiluot-follow", "toiluot-drivers", "toiluot-kiosk", "toiluot-display", "toiluot-dossier"]
# Units that do one thing and end.
ERRANDS = ["toiluot-apply", "toiluot-backup", "toiluot-enrol", "toiluot-firewall", "toiluot-screenshot"]
OTHERS = ["toiluot-backup.timer", "var-lib-toiluot.mount", "etc-toiluot.mount"]
ROOTS = {"toiluot-apply", "toiluot-enrol", "toiluot-firewall"}
# Tenths of systemd's exposure level; a unit may become safer, never less safe.
EXPOSURE = {
    "toiluot-server": 10,
    "toiluot-drivers": 5,
    "toiluot-kiosk": 10,
    "toiluot-display": 10,
    "toiluot-dossier": 10,
    "toiluot-screen": 26,
    "toiluot-follow": 10,
    "toiluot-backup": 10,
    "toiluot-screenshot": 6,
    # Root's own, since keys, settings and rules are root's; with no capability, one, and one.
    "toiluot-enrol": 17,
    "toiluot-apply": 11,
    "toiluot-firewall": 28,
}

# Every program of ours is shut in by at least these lines.
SANDBOX = [
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "SecureBits=noroot-locked",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "RestrictRealtime=yes",
    "RestrictNamespaces=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateUsers=yes",
    "ProtectProc=invisible",
    "ProcSubset=pid",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "ProtectControlGroups=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    "IPAddressDeny=any",
    "DevicePolicy=closed",
    "UMask=0077",
    "LimitCORE=0",
    "LimitNOFILE=65536",
]

LIFE = [
    "Type=notify",
    "NotifyAccess=main",
    "WatchdogSec=20s",
    "Restart=always",
    "RestartSec=1s",
    "StartLimitIntervalSec=0",
    "TimeoutStopSec=15s",
]


def lines(unit: str) -> list[str]:
    return [line for line in UNITS[unit].read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def values(unit: str, key: str) -> list[str]:
    return [line.split("=", 1)[1] for line in lines(unit) if line.startswith(key + "=")]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small file system dressed by systemd/install, with a stand-in for each program the units start."""
    root = tmp_path_factory.mktemp("root")
    programs = ["server", "drivers", "kiosk", "display", "dossier", "screen"]
    subprocess.run([SYSTEMD / "install", *programs], env={"ROOT": str(root), "PATH": "/usr/bin:/bin"}, check=True, capture_output=True)
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    (root / "lib").symlink_to("usr/lib")
    (root / "bin").symlink_to("usr/bin")
    (root / "usr/bin").mkdir(parents=True, exist_ok=True)
    (root / "usr/sbin").mkdir(exist_ok=True)
    for name in ("bin/toiluot", "bin/cage", "bin/sh", "sbin/nft"):
        (root / "usr" / name).write_text("#!/bin/sh\n")
        (root / "usr" / name).chmod(0o755)
    return root


def verify(root: Path, unit: str) -> tuple[int, str]:
    path = root / "etc/systemd/system" / (unit if "." in unit else f"{unit}.service")
    command = ["systemd-analyze", "verify", f"--root={root}", "--man=no", "--recursive-errors=one", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    about_us = [line for line in (result.stdout + result.stderr).splitlines() if "toiluot" in line]
    return result.returncode, "\n".join(about_us)


def test_there_is_a_unit_for_every_program() -> None:
    assert set(UNITS) == set(EXPOSURE) == {*OURS, *ERRANDS, "toiluot-screen"}
    assert {path.name for path in (SYSTEMD / "units").iterdir() if path.suffix != ".service"} == set(OTHERS)


@pytest.mark.parametrize("unit", [*EXPOSURE, *OTHERS])
def test_systemd_accepts_the_unit_without_a_word(installed: Path, unit: str) -> None:
    assert verify(installed, unit) == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("MemoryMax=256M", "MemoryMux=256M"),
        ("WatchdogSec=20s", "WatchdogSec=soon"),
        ("ExecStart=/usr/bin/toiluot", "ExecStart=/usr/bin/toi-luot"),
    ],
)
def test_a_broken_line_is_noticed(installed: Path, right: str, wrong: str) -> None:
    path = installed / "etc/systemd/system/toiluot-kiosk.service"
    whole = path.read_text(encoding="utf-8")
    assert right in whole
    path.write_text(whole.replace(right, wrong), encoding="utf-8")
    try:
        code, said = verify(installed, "toiluot-kiosk")
    finally:
        path.write_text(whole, encoding="utf-8")
    assert (code, bool(said)) != (0, False)


@pytest.mark.parametrize(("unit", "tenths"), EXPOSURE.items())
def test_exposure_stays_under_its_limit(unit: str, tenths: int) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={tenths}", "--no-pager", str(UNITS[unit])]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert result.returncode == 0, result.stdout.splitlines()[-1:]


def test_the_exposure_limit_bites(tmp_path: Path) -> None:
    opened = tmp_path / "toiluot-drivers.service"
    opened.write_text(UNITS["toiluot-drivers"].read_text(encoding="utf-8").replace("PrivateNetwork=yes\n", ""), encoding="utf-8")
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE['toiluot-drivers']}", "--no-pager", str(opened)]
    assert subprocess.run(command, capture_output=True, check=False, timeout=30).returncode != 0


@pytest.mark.parametrize("unit", OURS)
def test_every_program_is_shut_in_and_looked_after(unit: str) -> None:
    held = lines(unit)
    assert [line for line in [*SANDBOX, *LIFE] if line not in held] == []


def test_the_drivers_have_devices_and_no_network() -> None:
    held = lines("toiluot-drivers")
    assert "PrivateNetwork=yes" in held
    assert values("toiluot-drivers", "RestrictAddressFamilies") == ["AF_UNIX"]
    allowed = values("toiluot-drivers", "DeviceAllow")
    assert allowed
    assert all(re.fullmatch(r"char-\d+ rw", device) for device in allowed), "by number: a name is dropped while its module is not loaded"


@pytest.mark.parametrize("unit", [unit for unit in OURS if unit != "toiluot-drivers"])
def test_whoever_has_the_network_has_no_devices(unit: str) -> None:
    assert "PrivateDevices=yes" in lines(unit)
    assert values(unit, "DeviceAllow") == []
    assert "SocketBindDeny=any" in lines(unit)


@pytest.mark.parametrize("unit", UNITS)
def test_nothing_waits_for_the_network_or_for_the_time(unit: str) -> None:
    waits = " ".join(value for key in ("After", "Requires", "Wants", "BindsTo") for value in values(unit, key))
    assert "network-online" not in waits
    assert "time-sync" not in waits


def test_cage_lets_nobody_switch_consoles() -> None:
    (command,) = values("toiluot-screen", "ExecStart")
    assert " -s" not in command.split("--")[0]


@pytest.mark.parametrize("unit", UNITS)
def test_users_and_groups_of_the_unit_are_made(unit: str) -> None:
    made = (SYSTEMD / "sysusers.d/toiluot.conf").read_text(encoding="utf-8").splitlines()
    users = {line.split()[1] for line in made if line[:2] == "u "}
    groups = users | {line.split()[1] for line in made if line[:2] == "g "}
    assert set(values(unit, "User")) <= users
    assert bool(values(unit, "User")) != (unit in ROOTS)
    debians = {"systemd-journal"}
    assert {name for key in ("Group", "SupplementaryGroups") for value in values(unit, key) for name in value.split()} <= groups | debians


@pytest.mark.parametrize("unit", OURS)
def test_settings_of_the_unit_are_shipped_and_told_when_absent(unit: str) -> None:
    text = UNITS[unit].read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{?(TOILUOT_\w+)", text))
    given: set[str] = set()
    for setting in values(unit, "EnvironmentFile"):
        shipped = SYSTEMD / "etc" / Path(setting).name
        given |= {line.split("=")[0] for line in shipped.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"}
    assert used == given
    needed = [value for key in ("EnvironmentFile", "LoadCredential") for value in values(unit, key)]
    needed = [value.split(":")[-1] for value in needed]
    if unit == "toiluot-drivers":
        needed = ["/etc/toiluot/drivers.toml"]
    # A missing file is a condition that systemd names, not a restart every second.
    conditions = values(unit, "ConditionPathExists")
    defaults = {value.partition(":")[0] for value in values(unit, "SetCredential")}
    with_default = {path for name, _, path in (value.partition(":") for value in values(unit, "LoadCredential")) if name in defaults}
    assert [path for path in needed if path not in with_default] == [path for path in conditions if path[0] != "|"]
    assert {path[1:] for path in conditions if path[0] == "|"} <= with_default


@pytest.mark.parametrize("unit", ["toiluot-kiosk", "toiluot-display"])
def test_a_device_has_its_identity_or_an_api_key_and_needs_not_both(unit: str) -> None:
    key = f"{unit.removeprefix('toiluot-')}.key"
    names = ["device.key", "device.json", "counter", key]
    assert [value.partition(":")[0] for value in values(unit, "LoadCredential")] == names
    assert values(unit, "SetCredential") == [f"{name}:\\n" for name in names], "what is missing on disk arrives empty and stops no start"
    alternatives = [path for path in values(unit, "ConditionPathExists") if path[0] == "|"]
    assert alternatives == ["|/var/lib/toiluot/identity/device.json", f"|/etc/toiluot/{key}"]
    (command,) = values(unit, "ExecStart")
    assert f"--identity %d --key-file %d/{key}" in command


def test_enrolling_stands_in_nobodys_way() -> None:
    """The screen comes up and shows the waiting page while a person has still to accept the device."""
    for unit in ("toiluot-kiosk", "toiluot-display", "toiluot-screen"):
        assert "toiluot-enrol" not in " ".join(value for key in ("After", "Requires", "BindsTo") for value in values(unit, key))
    assert values("toiluot-enrol", "ConditionPathExists") == ["/etc/toiluot/join.toml"]


def test_socket_and_state_folders_are_those_of_the_command_lines() -> None:
    (drivers,) = values("toiluot-drivers", "ExecStart")
    (kiosk,) = values("toiluot-kiosk", "ExecStart")
    assert "--socket /run/toiluot/drivers.sock" in drivers
    assert "--drivers /run/toiluot/drivers.sock" in kiosk
    assert values("toiluot-drivers", "RuntimeDirectory") == ["toiluot"]
    assert values("toiluot-drivers", "Group")[0] in values("toiluot-kiosk", "SupplementaryGroups")[0].split()
    for unit in ("toiluot-drivers", "toiluot-kiosk", "toiluot-display", "toiluot-dossier"):
        (command,) = values(unit, "ExecStart")
        (folder,) = values(unit, "StateDirectory")
        assert f"--state /var/lib/{folder}" in command
    database = (SYSTEMD / "etc/server.env").read_text(encoding="utf-8")
    assert f"TOILUOT_DB=sqlite:////var/lib/{values('toiluot-server', 'StateDirectory')[0]}/" in database


def test_the_folder_is_not_a_python_package() -> None:
    """Another project's module of this name must stay importable; debian/ holds scripts, not modules."""
    assert list(SYSTEMD.glob("*.py")) == list(SYSTEMD.rglob("__init__.py")) == []
