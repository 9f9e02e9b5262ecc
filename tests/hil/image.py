"""The guest's disk: Debian with a kernel of its own, our dependencies from the lock, and no project in it.

Holds the building and the question whether what lies there is still right. The project travels with each run (`rig`), so
a change in it needs no new disk. Needs root (mmdebstrap, chroot, mke2fs -d) and a Debian and a Python package index.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

HOUSE = Path(__file__).parents[2]
GUEST = Path(__file__).parent / "guest"
SUITE = "bookworm"
TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
}
SYSTEM = "linux-image-amd64 systemd systemd-sysv udev kmod dbus procps ca-certificates libusb-1.0-0 usbutils alsa-utils espeak-ng"
# What closes a kiosk: the guard of its sockets, and the compositor with what a session needs.
CLOSED = "usbguard cage libpam-systemd polkitd xwayland kbd"
PYTHON = "python3 python3-venv python3-dev gcc libc6-dev linux-libc-dev"
DISK = "2600M"


def missing_tools() -> list[str]:
    return sorted({package for tool, package in TOOLS.items() if not shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")})


def requirements() -> tuple[list[str], list[str]]:
    """What the guest installs by name, and the versions of everything as the lock has them."""
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["kiosk"], *extras["server"], "pytest", "pytest-timeout"]
    pinned = re.findall(r"^([\w.\-]+==[^\s\\;]+(?: ; [^\\\n]+)?)", (HOUSE / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    return [one for one in wanted if not one.startswith("toiluot")], [one.strip() for one in pinned]


def fingerprint() -> str:
    """Changes whenever the disk must be made anew."""
    wanted, pinned = requirements()
    names = {re.split(r"[\[<>=; ]", one)[0].lower() for one in wanted}
    versions = sorted(one for one in pinned if one.split("==")[0].lower() in names)
    parts = [SUITE, SYSTEM, CLOSED, PYTHON, DISK, *sorted(wanted), *versions]
    parts += [path.read_text(encoding="utf-8") for path in (GUEST / "agent.py", GUEST / "rig-agent.service", Path(__file__))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def build(folder: Path, say: Callable[[str], None]) -> None:
    """`boot/` and `rig.qcow2` in `folder`; about three minutes. What is there and still right is kept."""
    mark = folder / "made"
    if mark.exists() and mark.read_text() == fingerprint():
        return
    shutil.rmtree(folder, ignore_errors=True)
    root = folder / "root"
    root.mkdir(parents=True)
    say("Debian (mmdebstrap) …")
    include = ",".join(f"{SYSTEM} {CLOSED} {PYTHON}".split())
    _run("mmdebstrap", "--variant=minbase", f"--include={include}", "--format=directory", SUITE, str(root))
    say("Python packages …")
    _python(root)
    say("Disk …")
    _settle(root)
    shutil.copytree(root / "boot", folder / "boot", symlinks=True)
    _run("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(folder / "rig.raw"), DISK)
    _run("qemu-img", "convert", "-O", "qcow2", str(folder / "rig.raw"), str(folder / "rig.qcow2"))
    (folder / "rig.raw").unlink()
    shutil.rmtree(root)
    mark.write_text(fingerprint())


def _python(root: Path) -> None:
    """A virtual environment at /opt/toiluot, by the guest's own Python; the package index is the host's."""
    wanted, pinned = requirements()
    (root / "tmp/wanted").write_text("\n".join(wanted) + "\n")
    (root / "tmp/pinned").write_text("\n".join(pinned) + "\n")
    settings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "LANG": "C.UTF-8"}
    certificates = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    if certificates:
        shutil.copy(certificates, root / "tmp/certificates")
        settings["PIP_CERT"] = "/tmp/certificates"
    if "PIP_INDEX_URL" in os.environ:
        settings["PIP_INDEX_URL"] = os.environ["PIP_INDEX_URL"]
    resolver = root / "etc/resolv.conf"
    resolver.unlink(missing_ok=True)
    shutil.copy("/etc/resolv.conf", resolver)
    _run("chroot", str(root), "python3", "-m", "venv", "/opt/toiluot", env=settings)
    install = ["/opt/toiluot/bin/pip", "install", "-q", "--no-cache-dir", "-c", "/tmp/pinned", "-r", "/tmp/wanted"]
    _run("chroot", str(root), *install, env=settings)
    for name in ("wanted", "pinned", "certificates"):
        (root / "tmp" / name).unlink(missing_ok=True)


def _settle(root: Path) -> None:
    """Our agent, a root without a password (nobody but the rig reaches it), no wait for a network that is not there."""
    shutil.copy(GUEST / "agent.py", root / "opt/rig-agent.py")
    shutil.copy(GUEST / "rig-agent.service", root / "etc/systemd/system/rig-agent.service")
    (root / "etc/fstab").write_text("/dev/vda / ext4 defaults,noatime 0 0\n")
    (root / "etc/hostname").write_text("rig\n")
    settings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    _run("chroot", str(root), "systemctl", "enable", "rig-agent.service", env=settings)
    _run("chroot", str(root), "systemctl", "mask", "usbguard.service", env=settings)  # its own scenes start it
    _run("chroot", str(root), "apt-get", "clean", env=settings)


def _run(*command: str, env: dict[str, str] | None = None) -> None:
    told = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if told.returncode:
        raise SystemExit(f"{' '.join(command[:2])} … failed:\n{told.stdout[-4000:]}")
