"""Our drivers' service as a process in the guest, asked over its Unix socket as the kiosk asks it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from drivers.client import DriversClient, DriversError
from tests.hil.guest.gadgets import until


class DriversService:
    """`toiluot drivers serve` with this configuration. Keeps what its stream says."""

    def __init__(self, folder: Path, config: str) -> None:
        self.socket, self.log = folder / "d.sock", folder / "log"
        (folder / "drivers.toml").write_text(config)
        command = [sys.executable, "-m", "toiluot", "drivers", "serve", "--config", str(folder / "drivers.toml")]
        command += ["--socket", str(self.socket), "--state", str(folder / "state")]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.events: list[tuple[str, dict[str, Any]]] = []
        until(self._answers)
        threading.Thread(target=self._listen, daemon=True).start()
        until(lambda: self.events)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            with DriversClient(self.socket) as client:
                return bool(client.status())
        except DriversError:
            return False

    def _listen(self) -> None:
        try:
            with DriversClient(self.socket) as client:
                self.events.extend(client.events())
        except DriversError:
            return  # the service has ended

    # ------------------------------------------------------------ questions
    def slot(self, role: str) -> dict[str, Any]:
        with DriversClient(self.socket) as client:
            return next(slot for slot in client.status()["slots"] if slot["role"] == role)

    def until(self, role: str, code: str, *, state: str | None = None) -> dict[str, Any]:
        """Until a slot tells this code."""
        seen: list[dict[str, Any]] = [{}]

        def there() -> bool:
            seen[0] = self.slot(role)
            return bool(seen[0]["code"] == code and state in (None, seen[0]["state"]))

        try:
            until(there)
        except AssertionError:
            raise AssertionError(f"{role}: {code} wanted, {seen[0]}\n{self.log.read_text()[-3000:]}") from None
        return seen[0]

    def since_now(self) -> int:
        return len(self.events)

    def told(self, event: str, since: int = 0) -> list[dict[str, Any]]:
        return [data for name, data in self.events[since:] if name == event]

    def fds(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
