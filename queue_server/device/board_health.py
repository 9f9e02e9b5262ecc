"""How the machine under a kiosk or a board does: heat, power, storage, time, services, address.

Holds readings alone; what they mean is judged by the server. Every path begins at `root`, so a made tree stands for the
machine; whatever cannot be read is left out, because a kiosk on a PC has no such sensor and is well all the same.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from toiluot_edge import boot_s

Run = Callable[[Sequence[str]], str | None]
Json = dict[str, Any]
CANARY_EVERY_S = 600.0  # a card wears by being written
SYNC_EVERY_S = 300.0
COMMAND_S = 5.0
BOOT_ID = "TOILUOT_BOOT_ID"  # systemd's %b: a sandbox with ProcSubset=pid does not see the kernel's own file
LIFE_STEP_PCT = 10  # JEDEC eMMC EXT_CSD 268 and 269: 0x01 is at most 10 % used … 0x0A at most 100 %, 0x0B is beyond
LIFE_MOST = 0x0B


def run_command(words: Sequence[str]) -> str | None:
    """What a command printed; None where it cannot be had."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_S, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def boot_id(root: Path = Path("/")) -> str:
    return _text(root / "proc/sys/kernel/random/boot_id") or os.environ.get(BOOT_ID, "")


def uptime_s() -> int:
    return int(boot_s())


def address_towards(server: str) -> str:
    """This machine's own address on the way to a server; nothing is sent for it (a datagram socket is only given its far end)."""
    parts = urlsplit(server.split(",")[0].strip())
    if not parts.hostname:
        return ""
    try:
        port = parts.port or 80
        family, kind, *_, to = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as out:
            out.connect(to)
            return str(out.getsockname()[0])
    except (OSError, ValueError):
        return ""


class Board:
    """One machine. `state` is the folder whose medium matters; `sample` is called every few seconds, `report` per heartbeat."""

    def __init__(
        self,
        state: Path | None,
        *,
        units: Iterable[str] = (),
        root: Path = Path("/"),
        run: Run = run_command,
        monotonic: Callable[[], float] = boot_s,
    ) -> None:
        self._state, self._units, self._root, self._run, self._monotonic = state, tuple(units), root, run, monotonic
        self.boot = boot_id(root)
        self._under_now = False
        self._under_since_boot = self._latched()
        self._canary: tuple[float, bool] | None = None
        self._synced: tuple[float, bool] | None = None

    # ------------------------------------------------------------ power
    def _latch(self) -> Path | None:
        return self._state / "undervoltage" if self._state is not None else None

    def _latched(self) -> bool:
        """Whether an earlier start of this program saw a drop in this same boot."""
        latch = self._latch()
        return bool(self.boot) and latch is not None and _text(latch) == self.boot

    def sample(self) -> None:
        """Look at the supply. The kernel's driver asks the firmware every two seconds and forgets a drop that is over, so it is
        kept here, under the boot it happened in."""
        alarms = [_number(path) for path in sorted((self._root / "sys/class/hwmon").glob("*/in0_lcrit_alarm"))]
        self._under_now = any(alarms)
        if self._under_now and not self._under_since_boot:
            self._under_since_boot = True
            latch = self._latch()
            if latch is not None:
                with contextlib.suppress(OSError):
                    latch.write_text(self.boot, encoding="ascii")

    def _has_supply_sensor(self) -> bool:
        return any((self._root / "sys/class/hwmon").glob("*/in0_lcrit_alarm"))

    # ------------------------------------------------------------ all of it
    def report(self) -> Json:
        """What can be told of this board, in the words of the contract."""
        self.sample()
        told: Json = {}
        heat = _number(self._root / "sys/class/thermal/thermal_zone0/temp")
        if heat is not None:
            told["temperature_c"] = max(-60, min(200, round(heat / 1000)))
        if self._has_supply_sensor():
            told["undervoltage"] = {"now": self._under_now, "since_boot": self._under_since_boot}
        if self._state is not None:
            told["storage"] = self._storage(self._state)
        restarts = self._restarts()
        if restarts:
            told["units"] = restarts
        return told

    # ------------------------------------------------------------ storage
    def _storage(self, state: Path) -> Json:
        told: Json = {}
        with contextlib.suppress(OSError):
            room = os.statvfs(state)
            told["free_mb"] = room.f_bavail * room.f_frsize // 1_000_000
            told["read_only"] = bool(room.f_flag & os.ST_RDONLY)
        errors, life = self._medium(state)
        told |= {name: value for name, value in (("errors", errors), ("life_pct", life)) if value is not None}
        return told | {"writable": self._writes(state)}

    def _medium(self, state: Path) -> tuple[int | None, int | None]:
        """Errors that ext4 counted since it was made, and the used share of an eMMC's life."""
        try:
            number = state.stat().st_dev
        except OSError:
            return None, None
        link = self._root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}"
        if not link.exists():
            return None, None
        block = link.resolve()
        errors = _number(self._root / f"sys/fs/ext4/{block.name}/errors_count")
        for place in (block, block.parent):  # a partition's own folder lies in that of its disk
            used = [int(word, 16) for word in _text(place / "device/life_time").split() if _is_hex(word)]
            if used:
                return errors, min(max(used), LIFE_MOST) * LIFE_STEP_PCT
        return errors, None

    def _writes(self, state: Path) -> bool:
        """A canary: a worn card often turns read-only without saying so."""
        now_s = self._monotonic()
        if self._canary is None or now_s - self._canary[0] >= CANARY_EVERY_S or not self._canary[1]:
            self._canary = (now_s, _canary(state / ".canary"))
        return self._canary[1]

    # ------------------------------------------------------------ time and services
    def synced(self) -> bool:
        """Whether the kernel's clock is disciplined by whatever keeps time here (timesyncd, chrony)."""
        if (self._root / "run/systemd/timesync/synchronized").exists():
            return True
        now_s = self._monotonic()
        if self._synced is None or now_s - self._synced[0] >= SYNC_EVERY_S or not self._synced[1]:
            said = self._run(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
            self._synced = (now_s, (said or "").strip() == "yes")
        return self._synced[1]

    def _restarts(self) -> dict[str, int]:
        """How often systemd had to start each unit again since the machine's start."""
        if not self._units:
            return {}
        said = self._run(["systemctl", "show", "--property=Id,LoadState,NRestarts", *(f"{unit}.service" for unit in self._units)])
        found: dict[str, int] = {}
        for block in (said or "").strip().split("\n\n"):
            facts = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            if facts.get("LoadState") == "loaded" and facts.get("NRestarts", "").isdigit():
                found[facts.get("Id", "").removesuffix(".service")] = int(facts["NRestarts"])
        return found


def _canary(file: Path) -> bool:
    word = os.urandom(16)
    try:
        with file.open("wb") as out:
            out.write(word)
            out.flush()
            os.fsync(out.fileno())
        alive = file.read_bytes() == word
        file.unlink()
    except OSError:
        return False
    return alive


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isascii() and text.removeprefix("-").isdecimal() else None


def _is_hex(word: str) -> bool:
    try:
        return 0 < int(word, 16) < 256
    except ValueError:
        return False
