"""The file system that is booted: Debian from its mirror, made once and kept, with our packages of this clone laid over it.

Holds building and keeping, nothing of what is tried in it. The kept trees lie outside the clone (XDG cache), one by its list of
packages and one above it by the contents of this clone, so that a second run costs seconds. Needs root.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOUSE = Path(__file__).parents[2]
SUITE = "trixie"
TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "dpkg-deb": "dpkg",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "ip": "iproute2",
}
# What makes a tree bootable and lets a test look at it; what our packages need is read from the packages themselves.
SYSTEM = "systemd systemd-sysv dbus udev kmod procps iproute2 libnss-systemd ca-certificates tzdata grim"
RECOMMENDED = "chrony nftables usbguard"
KEPT_DAYS = {"debian": 14.0, "packages": 0.5, "dressed": 0.5}
WHERE = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def lacking() -> str:
    """Why this host cannot boot the tree; empty where it can."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool, path=path)})
    if os.geteuid() != 0:
        return "the boot test needs root (mmdebstrap, mounts, systemd-nspawn)"
    if missing:
        return f"the boot test needs: apt-get install --no-install-recommends {' '.join(missing)}"
    if not any(line.split()[2] == "cgroup2" for line in Path("/proc/mounts").read_text().splitlines()):
        return "the boot test needs a cgroup2 file system (mount -t cgroup2 none /sys/fs/cgroup/unified)"
    tried = subprocess.run(["unshare", "--mount", "--net", "--propagation", "private", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "the boot test may not make namespaces here"


def folder() -> Path:
    """Outside the clone: `make clean` or another checkout need not fetch Debian again."""
    place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "toiluot" / "boot"
    place.mkdir(parents=True, exist_ok=True)
    return place


@contextmanager
def alone(name: str) -> Iterator[None]:
    """One process at a time builds; the others wait and find it made."""
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(*command: str | Path, **more: object) -> str:
    told = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)  # type: ignore[call-overload]
    if told.returncode:
        raise RuntimeError(f"{' '.join(map(str, command[:3]))} … failed:\n{told.stdout[-4000:]}")
    return str(told.stdout)


def made(kind: str, key: str, build: object) -> Path:
    """The folder of that kind and key, built aside and given its name when whole; old ones of the kind are thrown away."""
    place = folder() / f"{kind}-{key}"
    with alone(kind):
        if not place.exists():
            aside = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=folder()))
            try:
                build(aside)  # type: ignore[operator]
                aside.rename(place)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        os.utime(place)
        for other in folder().glob(f"{kind}-*"):
            if other.is_dir() and other != place and time.time() - other.stat().st_mtime > KEPT_DAYS[kind] * 86_400:
                shutil.rmtree(other, ignore_errors=True)
    return place


def needed() -> list[str]:
    """What our packages depend on from Debian, from `systemd/debian/control` and `libraries.toml` by way of the packages."""
    names: set[str] = set()
    for package in packages().glob("*.deb"):
        depends = run("dpkg-deb", "-f", package, "Depends")
        names |= {re.split(r"[ (|:]", one.strip())[0] for one in depends.split(",")}
    return sorted(name for name in names if name and not name.startswith("toiluot"))


@functools.cache
def contents() -> str:
    """Changes whenever a file that goes into the packages does."""
    ours = [
        "queue_server",
        "kiosk",
        "display",
        "drivers",
        "systemd",
        "toiluot*.py",
        "pyproject.toml",
        "requirements.lock",
        "README.md",
        "LICENSE",
    ]
    listed = run("git", "ls-files", "-co", "--exclude-standard", "--", *ours, cwd=HOUSE)
    total = hashlib.sha256()
    for name in sorted(listed.splitlines()):
        if (HOUSE / name).is_file():
            total.update(name.encode() + b"\0" + hashlib.sha256((HOUSE / name).read_bytes()).digest())
    return total.hexdigest()[:16]


def packages() -> Path:
    """Our five packages, from this clone as it is, by the product's own `make deb`."""

    def build(aside: Path) -> None:
        work = aside / "out"
        run(sys.executable, HOUSE / "systemd/debian/build.py", "--output", work, cwd=HOUSE)
        for package in work.glob("*.deb"):
            package.rename(aside / package.name)
        shutil.rmtree(work, ignore_errors=True)

    return made("packages", contents(), build)


def base() -> Path:
    """Debian with everything our packages need and none of ours: about three minutes and 1.2 GB, once."""
    include = sorted({*SYSTEM.split(), *RECOMMENDED.split(), *needed()})

    def build(aside: Path) -> None:
        root = aside / "root"
        mirror = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
        bare = ["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*"]
        run("nice", "mmdebstrap", "--variant=minbase", "--mode=root", *bare, f"--include={','.join(include)}", SUITE, root, mirror)

    return made("debian", hashlib.sha256(" ".join([SUITE, *include]).encode()).hexdigest()[:16], build) / "root"


def dressed() -> list[Path]:
    """Overlay folders, the upper first: our packages installed as a person would install them, over Debian."""
    lower = base()
    source = packages()

    def build(aside: Path) -> None:
        (aside / "upper").mkdir()
        (aside / "work").mkdir()
        (aside / "root").mkdir()
        script = """set -e
mount -t overlay overlay -o lowerdir="$1",upperdir="$2/upper",workdir="$2/work" "$2/root"
mount -t proc proc "$2/root/proc"; mount --bind /dev "$2/root/dev"; mkdir -p "$2/root/var/tmp/ours"
mount --bind "$3" "$2/root/var/tmp/ours"
chroot "$2/root" sh -c 'dpkg -i /var/tmp/ours/*.deb'
"""
        run("unshare", "--mount", "--propagation", "private", "bash", "-c", script, "install", lower, aside, source, env=WHERE)
        (aside / "upper/var/tmp/ours").rmdir()

    return [made("dressed", f"{lower.parent.name[-8:]}-{contents()}", build) / "upper", lower]


if __name__ == "__main__":
    sys.exit(print(*dressed(), sep="\n"))
