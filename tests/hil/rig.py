"""The machine of the rig: QEMU without KVM, its monitor (QMP), and the line to the agent in the guest.

Holds starting, snapshots and the pushing of files. What is tried in the guest is `scenes`' affair.
"""

from __future__ import annotations

import base64
import io
import json
import socket
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).parents[2]
GUEST = "/opt/house"  # where the project lies in the guest
PYTHON = "/opt/toiluot/bin/python"
SNAPSHOT = "ready"
BOOT_S = 300.0
# Software emulation on purpose: a host that is itself a virtual machine may offer /dev/kvm and then hang a stock kernel.
MACHINE = ["-accel", "tcg", "-M", "q35", "-cpu", "Nehalem", "-smp", "2", "-m", "768", "-nodefaults", "-display", "none", "-no-reboot"]
MACHINE += ["-device", "virtio-gpu-pci"]  # nobody looks at it: a compositor needs a card to draw on
KERNEL = "root=/dev/vda rw console=ttyS0 quiet mitigations=off nowatchdog systemd.show_status=0"


class Line:
    """One JSON object a line over a Unix socket that QEMU serves."""

    def __init__(self, path: Path, timeout_s: float = BOOT_S) -> None:
        end = time.monotonic() + timeout_s
        while True:
            self._socket = socket.socket(socket.AF_UNIX)
            try:
                self._socket.connect(str(path))
                break
            except OSError:
                self._socket.close()
                if time.monotonic() > end:
                    raise
                threading.Event().wait(0.05)
        self._socket.settimeout(timeout_s)
        self._file = self._socket.makefile("rwb")

    def ask(self, message: dict[str, Any], wait_s: float = BOOT_S) -> dict[str, Any]:
        self._socket.settimeout(wait_s)
        self._file.write(json.dumps(message).encode() + b"\n")
        self._file.flush()
        return self.hear()

    def hear(self) -> dict[str, Any]:
        line = self._file.readline()
        if not line:
            raise ConnectionError("the guest's line is closed")
        heard: dict[str, Any] = json.loads(line)
        return heard

    def close(self) -> None:
        self._file.close()
        self._socket.close()


class Rig:
    """A running guest. Use as a context: whatever happens, the machine is switched off."""

    def __init__(self, folder: Path, *, load: bool, disk: str = "rig.qcow2", more: Sequence[str] = ()) -> None:
        self.folder = folder
        self._sockets = tempfile.TemporaryDirectory(prefix="rig-")  # a Unix socket's path has 107 bytes
        place = Path(self._sockets.name)
        kernel, initrd = (sorted((folder / "boot").glob(f"{name}-*"))[-1] for name in ("vmlinuz", "initrd.img"))
        command = ["qemu-system-x86_64", *MACHINE, "-kernel", str(kernel), "-initrd", str(initrd), "-append", KERNEL]
        command += ["-drive", f"file={folder / disk},if=virtio", "-serial", f"file:{folder / 'console.log'}"]
        command += ["-qmp", f"unix:{place / 'qmp'},server=on,wait=off", "-device", "virtio-serial-pci"]
        command += [
            "-chardev",
            f"socket,id=rig,path={place / 'rig'},server=on,wait=off",
            "-device",
            "virtserialport,chardev=rig,name=rig.0",
        ]
        command += more
        self._process = subprocess.Popen(command + (["-loadvm", SNAPSHOT] if load else []))
        try:
            self._monitor = Line(place / "qmp")
            self._monitor.hear()  # QEMU introduces itself
            self.monitor("qmp_capabilities")
            self._agent = Line(place / "rig")
            if not load:
                self._agent.hear()  # the agent's hello: the guest is up
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def monitor(self, name: str, **arguments: Any) -> Any:
        answer = self._monitor.ask({"execute": name, "arguments": arguments})
        while "return" not in answer and "error" not in answer:
            answer = self._monitor.hear()  # an event in between
        if "error" in answer:
            raise RuntimeError(f"{name}: {answer['error']}")
        return answer["return"]

    def save(self) -> None:
        """Keep the running guest as it is now; later runs begin there."""
        told = self.monitor("human-monitor-command", **{"command-line": f"savevm {SNAPSHOT}"})
        if told.strip():
            raise RuntimeError(told)

    def run(self, command: str, *, wait_s: float = 60.0, put: dict[str, bytes] | None = None) -> tuple[int, str]:
        files = {name: base64.b64encode(content).decode() for name, content in (put or {}).items()}
        answer = self._agent.ask({"cmd": command, "timeout": wait_s, "put": files}, wait_s + 60)
        return int(answer["rc"]), str(answer["out"])

    def push(self, files: Iterable[Path]) -> None:
        """The project as it is now, into the guest's folder."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
            for path in files:
                tar.add(path, str(path.relative_to(HOUSE)))
        code, out = self.run(
            f"rm -rf {GUEST} && mkdir -p {GUEST} && tar -C {GUEST} -xzf /run/house.tgz", put={"/run/house.tgz": packed.getvalue()}
        )
        if code:
            raise RuntimeError(out)

    def close(self) -> None:
        self._process.kill()  # a guest whose kernel hangs does not switch itself off; the disk is made to be thrown away
        self._process.wait(30)
        self._sockets.cleanup()
