"""Users, folders, device rules, drop-ins and the install script beside the units, judged by the tools that read them.

Holds nothing about the units themselves (test_units.py).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
RULES = sorted((SYSTEMD / "udev").glob("*.rules"))
UDEV_PART = re.compile(r'([A-Z_]+(?:\{[\w-]+\})?)(==|!=|=|\+=|-=|:=)"([^"]*)"')
# What systemd/install puts on every machine.
EVERYWHERE = {
    "etc/sysusers.d/toiluot.conf",
    "etc/tmpfiles.d/toiluot.conf",
    "etc/systemd/coredump.conf.d/toiluot.conf",
    *(f"etc/systemd/system/toiluot-{unit}.service" for unit in ("enrol", "apply", "firewall")),
    *(f"etc/systemd/system/{unit}.mount" for unit in ("var-lib-toiluot", "etc-toiluot")),
    *(f"usr/lib/toiluot/{name}" for name in ("toiluot-time-source", "toiluot-readonly", "overlayroot.local.conf")),
    "etc/toiluot/firewall.d/00-base.nft",
}
UDEV_KEYS = {"SUBSYSTEM", "KERNEL", "GROUP", "MODE", "SYMLINK", "TAG", "ENV", "ATTRS"}


def install(*programs: str, root: Path) -> subprocess.CompletedProcess[str]:
    env = {"ROOT": str(root), "PATH": os.environ["PATH"]}
    return subprocess.run([SYSTEMD / "install", *programs], env=env, capture_output=True, text=True, check=False, timeout=30)


def test_sysusers_makes_every_user_without_a_login(tmp_path: Path) -> None:
    config = SYSTEMD / "sysusers.d/toiluot.conf"
    command = ["systemd-sysusers", f"--root={tmp_path}", "--dry-run", str(config)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert result.returncode == 0, result.stderr
    users = [line.split() for line in config.read_text(encoding="utf-8").splitlines() if line.startswith("u ")]
    assert len(users) == 6
    assert all(user[-1] == "/usr/sbin/nologin" for user in users)
    assert all(f"'{user[1]}'" in result.stdout + result.stderr for user in users)


def test_tmpfiles_makes_every_folder_for_a_user_of_ours(tmp_path: Path) -> None:
    rows = [line.split() for line in (SYSTEMD / "tmpfiles.d/toiluot.conf").read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    users = {"root"} | set(re.findall(r"^u +(\S+)", (SYSTEMD / "sysusers.d/toiluot.conf").read_text(encoding="utf-8"), re.MULTILINE))
    assert {owner for row in rows for owner in row[3:5]} <= users
    # Made here for whoever runs the test: giving a folder away takes root.
    config = tmp_path / "toiluot.conf"
    config.write_text("".join(f"{row[0]} {row[1]} {row[2]} - - - -\n" for row in rows))
    command = ["systemd-tmpfiles", "--create", f"--root={tmp_path}", str(config)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
    for row in rows:
        assert f"{(tmp_path / row[1][1:]).stat().st_mode & 0o7777:04o}" == row[2]


@pytest.mark.parametrize("rules", RULES, ids=lambda path: path.name)
def test_device_rules_are_well_formed_and_name_our_group_and_folder(rules: Path) -> None:
    groups = {
        line.split()[1] for line in (SYSTEMD / "sysusers.d/toiluot.conf").read_text(encoding="utf-8").splitlines() if line[:2] == "g "
    }
    for line in rules.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        parts = UDEV_PART.findall(line)
        assert ", ".join(f'{key}{op}"{value}"' for key, op, value in parts) == line
        keys = {key: (op, value) for key, op, value in parts}
        assert {key.split("{")[0] for key in keys} <= UDEV_KEYS
        assert any(op == "==" for op, _ in keys.values()), "a rule without a match would take every device"
        assert keys.get("GROUP", ("=", "toiluot-hw"))[1] in groups
        assert keys.get("MODE", ("=", "0660"))[1] == "0660"
        assert keys.get("SYMLINK", ("+=", "toiluot/x"))[1].startswith("toiluot/")
        assert keys.get("ENV{SYSTEMD_WANTS}", ("+=", "toiluot-drivers.service"))[1] == "toiluot-drivers.service"


def test_a_desk_keeps_its_keyboard() -> None:
    assert "ID_INPUT_KEYBOARD" not in (SYSTEMD / "udev/70-toiluot.rules").read_text(encoding="utf-8")


def test_install_puts_in_place_only_what_was_named(tmp_path: Path) -> None:
    assert install("server", root=tmp_path).returncode == 0
    placed = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert placed == EVERYWHERE | {
        "etc/systemd/system/toiluot-server.service",
        "etc/systemd/system/toiluot-backup.service",
        "etc/systemd/system/toiluot-backup.timer",
        "etc/systemd/system/toiluot-follow.service",
        "usr/lib/toiluot/toiluot-backup",
        "usr/lib/toiluot/toiluot-ups",
        "etc/toiluot/server.env",
        "etc/toiluot/backup.env",
        "etc/toiluot/follow.env",
        "etc/toiluot/upssched.conf",
        "etc/toiluot/firewall.d/10-server.nft",
        "etc/chrony/conf.d/toiluot-server.conf",
    }


def test_install_again_keeps_the_settings(tmp_path: Path) -> None:
    install("kiosk", "drivers", root=tmp_path)
    settings = tmp_path / "etc/toiluot/kiosk.env"
    settings.chmod(0o640)
    settings.write_text("TOILUOT_SERVER=http://192.0.2.5:8080\n")
    unit = tmp_path / "etc/systemd/system/toiluot-kiosk.service"
    unit.write_text("old")
    assert install("kiosk", root=tmp_path).returncode == 0
    assert settings.read_text() == "TOILUOT_SERVER=http://192.0.2.5:8080\n"
    assert unit.read_text(encoding="utf-8") == (SYSTEMD / "units/toiluot-kiosk.service").read_text(encoding="utf-8")


@pytest.mark.parametrize("programs", [(), ("hub",), ("server", "kisok")])
def test_install_refuses_what_it_does_not_know(tmp_path: Path, programs: tuple[str, ...]) -> None:
    result = install(*programs, root=tmp_path)
    assert result.returncode == 2
    assert "server drivers kiosk display dossier screen" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("program", "drop_in"), [("drivers", "network-printer"), ("kiosk", "server-address"), ("display", "server-address")]
)
def test_drop_ins_open_one_address_and_little_else(tmp_path: Path, program: str, drop_in: str) -> None:
    unit = (SYSTEMD / f"units/toiluot-{program}.service").read_text(encoding="utf-8")
    extra = (SYSTEMD / f"drop-ins/{drop_in}.conf").read_text(encoding="utf-8")
    before_install = unit.partition("[Install]")[0]
    together = tmp_path / f"toiluot-{program}.service"
    together.write_text(before_install + extra, encoding="utf-8")
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=12", "--no-pager", str(together)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert result.returncode == 0, result.stdout.splitlines()[-1:]
    assert len(re.findall(r"^IPAddressAllow=\d", extra, re.MULTILINE)) == 1
    if program != "drivers":
        assert "IPAddressAllow=\n" in extra, "the building's addresses of the unit are taken back first"


def test_libusb_gets_its_netlink_socket_and_no_network(tmp_path: Path) -> None:
    """libusb does not start without one (tried with libusb 1.0.26: `libusb_init` fails, and no printer is found)."""
    unit = (SYSTEMD / "units/toiluot-drivers.service").read_text(encoding="utf-8").partition("[Install]")[0]
    together = tmp_path / "toiluot-drivers.service"
    together.write_text(unit + (SYSTEMD / "drop-ins/usb-printer-without-usblp.conf").read_text(encoding="utf-8"), encoding="utf-8")
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=12", "--no-pager", str(together)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert result.returncode == 0, result.stdout.splitlines()[-1:]
    assert "RestrictAddressFamilies=AF_UNIX AF_NETLINK\n" in together.read_text(encoding="utf-8")
    assert "PrivateNetwork=yes" in unit


def test_the_browser_sees_our_two_pages_and_nothing_else() -> None:
    policy = json.loads((SYSTEMD / "screen/policy.json").read_text(encoding="utf-8"))
    assert policy["URLBlocklist"] == ["*"]
    assert policy["URLAllowlist"] == ["http://127.0.0.1:8765", "http://127.0.0.1:8766"]
    browser = (SYSTEMD / "screen/toiluot-browser").read_text(encoding="utf-8")
    assert "--no-sandbox" not in browser
    assert subprocess.run(["sh", "-n", SYSTEMD / "screen/toiluot-browser"], check=False).returncode == 0
