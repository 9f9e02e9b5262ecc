"""Keeps a handful of programs alive: starts them, notices the dead and starts them again, stops them in order.

Stands in for systemd where there is none. Whatever becomes of this process, its children go with it: each asks the
kernel for that before it becomes the program. Start and watch from one and the same thread: the kernel means the thread
that started a child, not the process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from toiluot_edge import Clock, setup_log

# PR_SET_PDEATHSIG (1) with SIGKILL (9). The parent may have died before the request: then there is a new one already.
WITH_PARENT = (
    "import ctypes, os, sys\n"
    "ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)\n"
    "if os.getppid() != int(sys.argv[1]): os._exit(0)\n"
    "os.execv(sys.argv[2], sys.argv[2:])\n"
)
BACK_OFF_S = (0.2, 1.0, 2.0, 5.0, 10.0)
STEADY_S = 30.0  # after so long a life the next death counts as the first
STOP_S = 8.0


@dataclass
class Program:
    """One program: how it is started, and how it has fared."""

    name: str
    command: Sequence[str]
    stdout: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    again_at: float | None = None


class Supervisor:
    """The programs of one centre, in order of starting."""

    def __init__(self, folder: Path, clock: Clock, environment: Mapping[str, str] | None = None, log: Any = None) -> None:
        self._folder, self._clock, self._log = folder, clock, log or setup_log("demo")
        self._environment = {**os.environ, **(environment or {})}
        self.programs: dict[str, Program] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *arguments: str) -> Program:
        """`toiluot ARGUMENTS…`, kept alive from now on. What it says goes to files in the folder."""
        command = [sys.executable, "-m", "toiluot", *arguments]
        program = Program(name, command, self._folder / f"{name}.out", self._environment)
        self.programs[name] = program
        self._launch(program)
        return program

    def _launch(self, program: Program) -> None:
        wrapped = [sys.executable, "-I", "-S", "-c", WITH_PARENT, str(os.getpid()), *program.command]
        with open(program.stdout, "ab") as out, open(self._folder / f"{program.name}.log", "ab") as err:
            # A session of its own: Ctrl-C reaches only us, and we stop the others in order.
            program.process = subprocess.Popen(
                wrapped, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=dict(program.environment), start_new_session=True
            )
        program.started_at, program.again_at = self._clock.monotonic(), None

    def watch(self) -> None:
        """Start again what has died, after a pause that grows with every death."""
        now = self._clock.monotonic()
        for program in self.programs.values():
            if program.process is None or program.process.poll() is None:
                continue
            if program.again_at is None:
                self._log.warning("program ended, starting again", program_name=program.name, exit_code=program.process.returncode)
                program.deaths = 0 if now - program.started_at > STEADY_S else program.deaths + 1
                program.again_at = now + BACK_OFF_S[min(max(program.deaths - 1, 0), len(BACK_OFF_S) - 1)]
            if now >= program.again_at:
                self._launch(program)

    def pids(self) -> dict[str, int]:
        return {name: program.process.pid for name, program in self.programs.items() if program.process is not None}

    def last_words(self, name: str, lines: int = 5) -> str:
        """The end of a program's log, to say why nothing works."""
        path = self._folder / f"{name}.log"
        return "\n".join(path.read_text("utf-8", "replace").splitlines()[-lines:]) if path.exists() else ""

    def stop(self) -> None:
        """Last started, first stopped; each gets its time, then none."""
        for program in reversed(self.programs.values()):
            process = program.process
            program.process = None
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Signals:
    """SIGINT, SIGTERM and SIGHUP become one event: the time to stop."""

    def __init__(self) -> None:
        self.stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop.set())
