"""A Debian 13 tree of one's own for one test: packages are installed in it, changed and taken out again.

Holds the overlay above the kept tree (`tests/boot/tree.py` makes that) and the running of commands in it.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.boot import tree

SURROUNDINGS = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
ENTER = """set -e
mount -t proc proc "$1/proc"
mount -t tmpfs dev "$1/dev"
for each in null zero random urandom tty; do touch "$1/dev/$each"; mount --bind "/dev/$each" "$1/dev/$each"; done
mkdir "$1/dev/shm"
ip link set lo up
tree=$1; shift
exec chroot "$tree" "$@"
"""


def needs_a_tree() -> None:
    """A host that cannot make one is told loudly what it lacks."""
    lacking = tree.lacking()
    if lacking:
        pytest.fail(f"NOT PROVEN HERE, the packages are proven in a Debian 13 tree: {lacking}")


class Room:
    """A tree that may be changed. `run` is one command in it, with a network of its own and nothing of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *command: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        private = [
            "unshare",
            "--mount",
            "--pid",
            "--net",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
            "bash",
            "-c",
            ENTER,
            "room",
        ]
        words = [*private, str(self.root), *command]
        done = subprocess.run(words, input=stdin, text=True, capture_output=True, check=False, timeout=600, env=SURROUNDINGS)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    def shell(self, text: str) -> str:
        return self.run("bash", "-ec", text).stdout

    def bring(self, folder: Path, at: str) -> None:
        shutil.copytree(folder, self.root / at.lstrip("/"), dirs_exist_ok=True)

    def names(self) -> set[str]:
        """Everything in the tree that carries our name, and what each folder of the system holds."""
        found = self.shell(
            "find / -xdev \\( -path /proc -o -path /dev -o -path /ours -o -path /tmp \\) -prune -o -iname '*toiluot*' -print"
        )
        return set(found.splitlines())


@contextlib.contextmanager
def room(work: Path) -> Iterator[Room]:
    """Over the kept tree, gone afterwards; nothing is written into that."""
    needs_a_tree()
    below = tree.base()
    root, upper, scratch = work / "root", work / "upper", work / "scratch"
    for folder in (root, upper, scratch):
        folder.mkdir(parents=True)
    layers = f"lowerdir={below},upperdir={upper},workdir={scratch}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, str(root)], check=True)
    try:
        yield Room(root)
    finally:
        subprocess.run(["umount", str(root)], check=True)
        for folder in (root, upper, scratch):
            shutil.rmtree(folder, ignore_errors=True)
