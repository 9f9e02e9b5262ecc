"""A pcscd of the test's own, with vsmartcard's virtual reader and nobody else's readers, sockets or files.

It is given its listening socket as systemd would give it, and a `/run` of its own, so that neither a service nor root is needed.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
# The socket is descriptor 3 (sd_listen_fds); the shell becomes pcscd, so that its number is the right one.
RUN = 'mount --bind "$1/run" /run 2>/dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec pcscd --foreground --info --config "$1/conf" $2'


def apart() -> list[str]:
    """What gives a program mounts of its own here: as root, as anybody, or nothing."""
    for command in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return []


def unasked() -> str:
    """Newer ones ask polkit, which is not there for a daemon of our own."""
    told = subprocess.run(["pcscd", "--help"], capture_output=True, text=True, check=False).stdout
    return "--disable-polkit" if "--disable-polkit" in told else ""


def two_free_ports() -> int:
    """vpcd has two slots and listens on a port for each."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("", 0))
            number = one.getsockname()[1]
            try:
                two.bind(("", number + 1))
            except OSError:
                continue
            return int(number)


class Pcscd:
    """`port` is where a card is laid down; `reader` how pcscd calls that place."""

    reader = "Tried Reader 00 00"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pcscd-"))
        self.socket = self.folder / "comm"
        self.port = two_free_ports()
        (self.folder / "conf").mkdir()
        (self.folder / "run/pcscd").mkdir(parents=True)
        (self.folder / "conf/vpcd").write_text(
            f'FRIENDLYNAME "Tried Reader"\nDEVICENAME /dev/null:{self.port:#06x}\nLIBPATH {DRIVER}\nCHANNELID {self.port:#06x}\n'
        )
        self._apart = apart()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        command = [*self._apart, "sh", "-c", f"exec 3<&0; exec 0</dev/null; {RUN}", "sh", str(self.folder), unasked()]
        with socket.socket(socket.AF_UNIX) as listener, (self.folder / "log").open("ab") as log:
            listener.bind(str(self.socket))
            listener.listen(16)
            self._process = subprocess.Popen(command, stdin=listener, stdout=log, stderr=log)
        self._wait()

    def _wait(self, within_s: float = 10.0) -> None:
        """Until the virtual reader listens."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            if f"{self.port:04X}" in {line.split()[1].partition(":")[2] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]}:
                return
            os.sched_yield()
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(10)
        self.socket.unlink(missing_ok=True)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)
