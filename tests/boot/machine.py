"""A machine of the boot test: the tree booted by systemd-nspawn, a line into it, and its end.

Holds starting, commands as root inside, waiting and stopping; what is expected of it is the tests' affair. `--volatile` is not
used: each boot gets an upper layer of its own, which is what overlayroot gives a read-only root on a device.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

HERE = Path(__file__).parent
BOOT_S, ANSWER_S = 180.0, 120.0
WHERE = "PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LANG=C.UTF-8"


def until(what: str, true: Callable[[], Any], wait_s: float = 90.0, every_s: float = 0.3) -> Any:
    """The first true answer; the words of `what` where none comes in time."""
    end = time.monotonic() + wait_s
    while True:
        got = true()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"after {wait_s:.0f} s still not: {what} (last: {got!r})")
        Event().wait(every_s)


def cgroup2() -> Path:
    """The mount of the second version of cgroups; a host of the first version has an empty one beside it."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return next(Path(words[1]) for words in mounts if words[2] == "cgroup2")


class Machine:
    """Booted when made; `stop` or `power_cut` ends it. `put` before the boot, `run` after."""

    def __init__(self, place: Path, layers: Sequence[Path], *, net: int, name: str, files: dict[str, str] | None = None,
                 binds: dict[str, Path] | None = None, enable: Sequence[str] = ()) -> None:  # fmt: skip
        self.name, self.place = name, place
        self.upper = place / "upper"
        self.upper.mkdir(parents=True)
        for path, text in (files or {}).items():
            self.put(path, text)
        for unit in enable:  # as `systemctl enable` would
            wants = self.upper / "etc/systemd/system/multi-user.target.wants"
            wants.mkdir(parents=True, exist_ok=True)
            (wants / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")
        self._cgroup = cgroup2() / f"toiluot-boot-{os.getpid()}-{name}"
        words = [f"--machine={name}", f"--hostname={name}"] + [f"--bind={source}:{inside}" for inside, source in (binds or {}).items()]
        self._log = (place / "console.log").open("w")
        lower = ":".join(map(str, layers))
        command = ["bash", HERE / "boot.sh", self._cgroup, str(net), self.upper, lower, *words]
        self.started_at = time.monotonic()
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT)
        try:
            self.leader: int = until("systemd is the first process of the tree", self._first_process, BOOT_S, 0.05)
            until("systemd answers", lambda: self.run("systemctl is-system-running", check=False) not in ("", "offline"), BOOT_S)
        except BaseException:
            self.power_cut()
            raise

    def put(self, path: str, text: str) -> None:
        """A file as it lies there at the start."""
        target = self.upper / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def _first_process(self) -> int:
        if self._process.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended with {self._process.returncode}: {self.console()[-3000:]}")
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for child in children:
            try:
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return int(child)
            except OSError:
                continue
        return 0

    # ------------------------------------------------------------ the line
    def run(self, command: str, *, check: bool = True, wait_s: float = ANSWER_S, put: str | None = None) -> str:
        """What a shell of root's in the machine printed."""
        enter = ["nsenter", "-t", str(self.leader), "-a", "-r", "-w", "env", "-i", *WHERE.split(), "sh", "-c", command]
        told = subprocess.run(enter, input=put, capture_output=True, text=True, timeout=wait_s, check=False)
        if check and told.returncode:
            raise AssertionError(f"{self.name}: {command!r} ended with {told.returncode}: {told.stdout[-2000:]}{told.stderr[-2000:]}")
        return told.stdout.strip()

    def python(self, code: str, *words: str) -> Any:
        """What a piece of Python (the tree's own, no library of ours) said as JSON on its last line."""
        said = self.run(f"python3 -I - {' '.join(map(shlex.quote, words))}", put=code)
        return json.loads(said.splitlines()[-1])

    def show(self, unit: str, key: str) -> str:
        return self.run(f"systemctl show -P {key} {unit}")

    def active(self, *units: str) -> bool:
        return all(self.show(unit, "ActiveState") == "active" for unit in units)

    def pid(self, unit: str) -> int:
        return int(self.show(unit, "MainPID") or 0)

    def journal(self, *words: str) -> str:
        return self.run(f"journalctl -b --no-pager -o cat {' '.join(words)}", check=False)

    def told(self, *units: str) -> str:
        """For the report of a failure: what these units are and said."""
        names = " ".join(units)
        listed = [f"-u {unit}" for unit in units]
        return self.run(f"systemctl --no-pager -l status {names} | head -60", check=False) + "\n" + self.journal(*listed)[-4000:]

    def console(self) -> str:
        return (self.place / "console.log").read_text(encoding="utf-8", errors="replace")

    # ------------------------------------------------------------ the end
    def stop(self) -> None:
        """As a person switches it off."""
        if self._process.poll() is None:
            self.run("systemctl --no-block poweroff", check=False)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                pass
        self.power_cut()

    def power_cut(self) -> None:
        """From one moment to the next: every process is gone, nothing is told."""
        if leader := getattr(self, "leader", 0):
            try:
                os.kill(leader, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(60)
        self._log.close()
        self._sweep()

    def _sweep(self) -> None:
        """The cgroups and the working folders of the overlay."""
        for folder in sorted(self._cgroup.rglob("*"), key=lambda path: -len(path.parts)) if self._cgroup.exists() else []:
            if folder.is_dir():
                _remove_cgroup(folder)
        if self._cgroup.exists():
            _remove_cgroup(self._cgroup)
        for aside in (Path(f"{self.upper}.work"), Path(f"{self.upper}.root"), self.upper):
            shutil.rmtree(aside, ignore_errors=True)


def _remove_cgroup(folder: Path) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            folder.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError:  # a process of it is still on its way out
            if time.monotonic() > end:
                return
            Event().wait(0.1)
