"""A machine in a scratch root on which a how-to is followed: one shell, our `toiluot` on its PATH, services started as the units say.

Paths that the pages name (/etc/toiluot, /var/lib/toiluot …) lie beneath the scratch root. What belongs to a whole computer and not
to us, `systemctl`, `runuser`, `chown`, is stood in for by `standin.py`: it starts the very ExecStart of the shipped unit and waits for its
READY. Nothing of ours is replaced.
"""

from __future__ import annotations

import itertools
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.howto.page import Hand, Shell, fits, steps

HOUSE = Path(__file__).parents[2]
ROOTED = ("/etc/toiluot", "/var/lib/toiluot", "/run/toiluot", "/var/backups/toiluot", "/mnt/usb", "/media/bootfs")
STANDINS = ("systemctl", "runuser", "chown", "toiluot")
WITHIN_S = 240.0
_END = "=end-of-the-block="
_hosts = itertools.count(1)

Act = Callable[..., Mapping[str, str] | None]


def own_address(port: int = 8080) -> str:
    """An address of this test alone: the whole of 127/8 is this machine's, so the shipped port is free on it."""
    n = os.getpid() * 64 + next(_hosts)
    return f"127.{1 + n // 65536 % 254}.{n // 256 % 256}.{1 + n % 254}:{port}"


class Machine:
    def __init__(self, root: Path, env: Mapping[str, str] | None = None) -> None:
        self.root = root
        for folder in (*ROOTED, "/bin", "/units"):
            (root / folder[1:]).mkdir(parents=True, exist_ok=True)
        for name in STANDINS:
            tool = root / "bin" / name
            tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{HOUSE}/tests/howto/standin.py" {name} "$@"\n')
            tool.chmod(0o755)
        self.host = own_address(8765)  # of the device's own page
        own = {"HOWTO_PAGE": self.host, "ROOT": str(root)} | {
            "PATH": f"{root}/bin:{os.environ['PATH']}",
            "HOWTO_ROOT": str(root),
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **own, **(env or {})}, cwd=root, start_new_session=True,
        )  # fmt: skip
        self._blocks = itertools.count(1)
        self.closing: list[Callable[[], None]] = []

    def path(self, path: str) -> Path:
        """Where a path of the pages lies."""
        return self.root / path[1:]

    def rooted(self, text: str) -> str:
        return re.sub(rf"(?<![\w.])({'|'.join(ROOTED)})(?=[/\s\"':;,)]|$)", rf"{self.root}\1", text)

    # ------------------------------------------------------------ following
    def follow(self, text: str, values: Mapping[str, str], acts: Mapping[str, Act]) -> None:
        """Do everything a page says, in its order. `values` are those of the page's own settings, `acts` what is done by hand."""
        for step in steps(text):
            if isinstance(step, Shell):
                self._block(_with(step.code, values), step.says)
            else:
                self._hand(step, acts)

    def _hand(self, step: Hand, acts: Mapping[str, Act]) -> None:
        told = acts[step.verb](*step.words)
        for name, value in (told or {}).items():
            self.run(f"{name}={_quoted(value)}\n")

    def _block(self, code: str, says: str | None) -> None:
        said = self.run(code)
        if says is not None:
            assert fits(said, self.rooted(says)), f"{code}\nsaid\n{said}\nand not\n{self.rooted(says)}"

    def run(self, code: str) -> str:
        """A block typed into the machine's shell, each command of which must succeed; what it said."""
        file = self.root / f"block-{next(self._blocks)}.sh"
        file.write_text(self.rooted(code))
        assert self._shell.stdin is not None
        typed = f"failed=0; set -E; trap 'failed=$?' ERR; . {file} </dev/null; trap - ERR; printf '\\n%s %s\\n' {_END} $failed\n"
        self._shell.stdin.write(typed.encode())
        self._shell.stdin.flush()
        said, failed = self._said()
        assert failed == 0, f"{code}\nended with {failed} and said\n{said}\n{self.logs()}"
        return said

    def _said(self) -> tuple[str, int]:
        assert self._shell.stdout is not None
        data, deadline = b"", time.monotonic() + WITHIN_S
        while (end := re.search(rf"\n{_END} (\d+)\n".encode(), data)) is None:
            left = deadline - time.monotonic()
            ready = select.select([self._shell.stdout], [], [], max(left, 0))[0]
            assert ready, f"no end within {WITHIN_S} s; so far:\n{data.decode(errors='replace')}\n{self.logs()}"
            more = os.read(self._shell.stdout.fileno(), 65536)
            assert more, f"the shell ended; it said:\n{data.decode(errors='replace')}"
            data += more
        return data[: end.start()].decode(errors="replace"), int(end[1])

    def logs(self) -> str:
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in sorted((self.root / "units").glob("*.log"))
        )

    def close(self) -> None:
        for close in self.closing:
            close()
        for pid in (self.root / "units").glob("*.pid"):
            subprocess.run([self.root / "bin/systemctl", "stop", pid.stem], env={**os.environ, "HOWTO_ROOT": str(self.root)}, check=False)
        os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait(20)
        for pipe in (self._shell.stdin, self._shell.stdout):
            if pipe is not None:
                pipe.close()


def _with(code: str, values: Mapping[str, str]) -> str:
    """The page's own settings with this machine's values."""

    def mine(line: re.Match[str]) -> str:
        return f"{line[1]}{_quoted(values[line[1][:-1]])}" if line[1][:-1] in values else line[0]

    return re.sub(r"(?m)^([A-Z_]+=)\S+", mine, code)


def _quoted(value: Any) -> str:
    return "'" + str(value).replace("'", "'\\''") + "'"
