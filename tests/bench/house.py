"""The server under measurement: a real process on a fresh database, its CPU time and memory as the kernel counts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from queue_server.bootstrap import prepare
from queue_server.domain.principal import SYSTEM
from queue_server.services import access, command, configuring, counters

SITE = "BENCH"
COUNTERS = 32
TICKS = os.sysconf("SC_CLK_TCK")


class House:
    """`toiluot server run` with wards of 32 counters, all open to every service. `more`: of the configuration."""

    def __init__(
        self,
        url: str,
        *,
        workers: int = 1,
        preload: dict[str, str] | None = None,
        streams: str = "auto",
        more: dict[str, Any] | None = None,
        sites: int = 1,
        waits: str = "foreseen",
    ) -> None:
        store = prepare(url)
        self.keys = [ward(store, SITE if n == 0 else f"{SITE}{n}", more or {}) for n in range(sites)]
        store.close()
        words = [sys.executable, "-m", "toiluot", "server", "run", "--db", url, "--bind", "127.0.0.1:0"]
        words += ["--workers", str(workers), "--max-streams", "12000", "--streams", streams, "--waits", waits]
        environment = {**os.environ, **(preload or {})}
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline().decode().rsplit(":", 1)[1])

    def load(self, **order: Any) -> dict[str, Any]:
        """Run one order of `load.py` against this server."""
        return self._run("load", order)

    def listen(self, **order: Any) -> dict[str, Any]:
        """Run one order of `listeners.py` against this server."""
        return self._run("listeners", order)

    def _run(self, program: str, order: dict[str, Any]) -> dict[str, Any]:
        order |= {"host": "127.0.0.1", "port": self.port, "key": self.keys[0], "keys": self.keys, "counters": COUNTERS}
        done = subprocess.run(
            [sys.executable, "-m", f"tests.bench.{program}"],
            input=json.dumps(order).encode(),
            stdout=subprocess.PIPE,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    def _pids(self) -> list[int]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [self._process.pid, *map(int, children)]

    def cpu_s(self) -> float:
        """Processor seconds of the server so far, all its processes."""
        total = 0
        for pid in self._pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    @property
    def pid(self) -> int:
        """Of the server itself."""
        return self._process.pid

    def rss_mb(self) -> float:
        """Resident memory in MB, all its processes."""
        lines = [Path(f"/proc/{pid}/status").read_text().splitlines() for pid in self._pids()]
        return sum(int(line.split()[1]) for status in lines for line in status if line.startswith("VmRSS")) / 1024

    def close(self) -> None:
        """Stop it as systemd would."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)


def ward(store: Any, site: str, more: dict[str, Any]) -> str:
    """A site with every counter open, and a key to it."""
    configuring.init_site(store, site=site, kind="training")
    document = configuring.current(store, site)["document"]
    document["counters"] = [{"code": str(n), "name": f"Quầy {n}"} for n in range(1, COUNTERS + 1)]
    apply(store, document | more, site)
    for n in range(1, COUNTERS + 1):
        order = command.Command(f"open-{n}", site, SYSTEM, "bench", "")
        command.run(store, order, lambda unit, n=n: counters.command(unit, str(n), "open"))  # type: ignore[misc]
    key: str = store.write("", lambda r: access.create_key(r, name="bench", scopes=["issue", "call", "read", "feed"], sites=[site]))
    return key


def apply(store: Any, document: dict[str, Any], site: str = SITE) -> None:
    """Put a configuration into force."""
    order = command.Command("bench-config", site, SYSTEM, "bench", "")
    command.run(store, order, lambda unit: configuring.apply(unit, document=document))
