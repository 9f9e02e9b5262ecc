"""`make hil ARGS=--power-cut`: a machine loses its power while its server issues and calls, again and again.

Holds the machine (begun from a snapshot without its disk, which is then plugged in), the look at the disk after each cut,
and the page. Clients, their memory and the verdict are those of the kill tests (tests/faults).
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from click.testing import CliRunner

from tests.bench.report import table
from tests.faults import verdict
from tests.faults.kills import SITE, Rounds, crowd, site
from tests.hil import image
from tests.hil.forgetful import Forgetful
from tests.hil.guest.power import ORDERS, PORT, READY, WARM
from tests.hil.rig import GUEST, HOUSE, PYTHON, Rig
from toiluot import main as toiluot

DISK, SIZE = "power.qcow2", "192M"
PARTS = ("queue_server", "tests/__init__.py", "tests/faults", "tests/hil/__init__.py", "tests/hil/guest", "toiluot*.py")
WITHIN_S = 1.5  # a command takes some 50 ms there
PATIENCE_S = 240.0  # software emulation on a busy machine: a start takes seconds, not the fraction that it takes on iron
PAGE, WORDS = HOUSE / "docs" / "power-cut.md", Path(__file__).with_suffix(".md")
Say = Callable[[str], None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def devices(port: int) -> list[str]:
    """A card that leads to the host's port, and a bay for the disk."""
    net = f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:{PORT}"
    return ["-netdev", net, "-device", "virtio-net-pci,netdev=net", "-device", "pcie-root-port,id=bay,chassis=1"]


def project() -> list[Path]:
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", *PARTS]
    listed = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=True).stdout
    return [HOUSE / name for name in listed.splitlines() if (HOUSE / name).is_file()]


def fingerprint() -> str:
    """Changes with the guest's disk and with every line of the project that runs in it."""
    digest = hashlib.sha256(image.fingerprint().encode())
    for path in project():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def boot(folder: Path, say: Say) -> None:
    """One cold start with everything imported, and the snapshot from which every cut machine begins."""
    mark = folder / "power-snapshot"
    if mark.exists() and mark.read_text() == fingerprint():
        return
    say("Cold start …")
    mark.unlink(missing_ok=True)
    shutil.copyfile(folder / "rig.qcow2", folder / DISK)
    with Rig(folder, load=False, disk=DISK, more=devices(free_port())) as rig:
        rig.push(project())
        url = "sqlite:////mnt/site.db"
        run = f"cd {GUEST} && PYTHONPATH=. {PYTHON} -m tests.hil.guest.power {url} > /run/power.log 2>&1 < /dev/null &"
        rig.run(f"({run})")
        code, _ = rig.run(f"until [ -e {WARM} ]; do sleep 0.2; done", wait_s=PATIENCE_S)
        if code:
            raise SystemExit(rig.run("cat /run/power.log")[1])
        rig.save()
    mark.write_text(fingerprint())
    say("Snapshot taken.")


@dataclass
class Machine:
    """The machine under the server, as `kills.Server`. `disk` is its disk as a file: in turns opened by QEMU itself, past the
    host's cache (`cache=none`), and served by a disk that forgets what was not flushed."""

    folder: Path
    disk: Path
    forgetful: Forgetful
    chance: random.Random
    port: int = field(default_factory=free_port)
    starts_s: list[float] = field(default_factory=list)
    forgets: bool = False  # the disk of this start
    rig: Rig | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        begun, self.forgets = time.monotonic(), bool(len(self.starts_s) % 2)
        self.rig = rig = Rig(self.folder, load=True, disk=DISK, more=devices(self.port))
        rig.monitor("blockdev-add", **self._drive())
        rig.monitor("device_add", driver="virtio-blk-pci", bus="bay", drive="state", id="state", serial="state")
        place = "/dev/disk/by-id/virtio-state"
        steps = (
            f"date -s @{time.time():.0f}; until [ -b {place} ]; do sleep 0.05; done; mount -o noatime {place} /mnt && echo go > {ORDERS}"
        )
        code, out = rig.run(f"{steps} && until [ -e {READY} ]; do sleep 0.05; done", wait_s=PATIENCE_S)
        if code:
            _, log = rig.run("cat /run/power.log; dmesg | tail -20")
            raise RuntimeError(f"the machine did not start: {out}\n{log}")
        self.starts_s.append(time.monotonic() - begun)

    def _drive(self) -> dict[str, Any]:
        cache = {"direct": True, "no-flush": False}
        if self.forgets:
            self.forgetful.plug()
            server = {"type": "unix", "path": str(self.forgetful.address)}
            return {"node-name": "state", "driver": "nbd", "cache": cache, "server": server, "export": ""}
        file = {"driver": "file", "filename": str(self.disk), "cache": cache}
        return {"node-name": "state", "driver": "raw", "cache": cache, "file": file}

    def kill(self) -> None:
        """The power is gone: QEMU ends by SIGKILL."""
        assert self.rig is not None
        self.rig.close()
        self.rig = None
        if self.forgets:
            self.forgetful.cut(self.chance)

    def close(self) -> None:
        if self.rig is not None:
            self.kill()


@dataclass
class Look:
    """What lies on the disk after a cut, by the host's own tools on a copy of it: the file system mends itself from its journal,
    and `toiluot server check` and `audit` read what is then there."""

    disk: Path
    folder: Path
    wrong: list[str] = field(default_factory=list)
    mended: int = 0

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/site.db"

    def __call__(self) -> None:
        copy = self.folder / "disk.copy"
        _tool("cp", "--sparse=always", str(self.disk), str(copy))
        told = _tool("e2fsck", "-p", str(copy), fine=(0, 1))
        self.mended += "recovering journal" in told
        for end in ("", "-wal"):
            (self.folder / f"site.db{end}").unlink(missing_ok=True)
            _tool("debugfs", "-R", f"dump /site.db{end} {self.folder}/site.db{end}", str(copy))
        own = self.folder / "own"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir()
        for path in self.folder.glob("site.db*"):
            shutil.copy(path, own / path.name)
        for command in ("check", "audit"):
            said = CliRunner().invoke(toiluot, ["server", command, "--db", f"sqlite:///{own}/site.db"])
            if said.exit_code:
                self.wrong.append(f"{command}: {said.output.strip()[-300:]}")


def _tool(*command: str, fine: tuple[int, ...] = (0,)) -> str:
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    told = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path, "LC_ALL": "C"})
    if told.returncode not in fine:
        raise RuntimeError(f"{' '.join(command)}: {told.stdout}{told.stderr}")
    return told.stdout + told.stderr


def cuts(folder: Path, work: Path, count: int, seed: int, say: Say) -> int:
    """So many cuts, the verdict, the page. 1 where anything was wrong."""
    boot(folder, say)
    origin = work / "origin"
    origin.mkdir()
    key = site(f"sqlite:///{origin}/site.db")
    disk = work / "state.raw"
    _tool("mke2fs", "-q", "-t", "ext4", "-d", str(origin), str(disk), SIZE)
    sockets = tempfile.TemporaryDirectory(prefix="disk-")  # a Unix socket's path has 107 bytes
    forgetful = Forgetful(disk, Path(sockets.name) / "disk")
    machine, look = Machine(folder, disk, forgetful, random.Random(seed)), Look(disk, work)
    rounds = Rounds(look.url, work, machine, [], random.Random(seed), look, PATIENCE_S, WITHIN_S)
    with crowd(rounds, key, seed) as (_, client):
        for n in range(count):
            rounds.die()
            say(f"cut {n + 1:3}: {len(rounds.acknowledged()):5} answered, lost {len(rounds.lost)}, start {machine.starts_s[-1]:.1f} s")
        rounds.wait_for_work()
        rounds.finish()
        wrong = [*rounds.lost, *(f"{each} was answered otherwise the second time" for each in rounds.other_answers(client))]
        sent = rounds.sent()
        machine.kill()
    look()
    wrong += [*look.wrong, *verdict.findings(look.url, SITE, sent)]
    text = page(rounds, machine, look, wrong)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return int(bool(wrong))


def page(rounds: Rounds, machine: Machine, look: Look, wrong: list[str]) -> str:
    """The report as Markdown."""
    rows = [
        ["power cuts", f"{len(rounds.deaths)}"],
        ["commands answered", f"{len(rounds.acknowledged()):,}"],
        ["of them lost, doubled or changed", f"{len(wrong)}"],
        ["commands without an answer at a cut, sent again", f"{sum(bool(order.failed_at_s) for order in rounds.sent().values()):,}"],
        ["of these committed before the cut and answered from the store", f"{len(rounds.in_doubt()):,}"],
        ["of the cuts on a disk that forgets", f"{len(rounds.deaths) // 2}"],
        ["unflushed writes there: lost · kept or torn", f"{machine.forgetful.lost:,} · {machine.forgetful.survived:,}"],
        ["cuts after which ext4 replayed its journal", f"{look.mended}"],
        ["from snapshot to serving, median · worst s", f"{median(machine.starts_s):.1f} · {max(machine.starts_s):.1f}"],
    ]
    figures = table(["figure", ""], rows) + "".join(f"\n- {each}" for each in wrong)
    return WORDS.read_text(encoding="utf-8").replace("FIGURES", figures)
