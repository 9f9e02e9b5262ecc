"""The night's update of a machine: newest packages of its ring in place, a quarter of an hour of looks, and back where it got worse.

Holds the running of apt, the looks, and a state file from which a watch that a power cut broke off goes on. The rule is
`updating`. It runs as root with the standard library alone: a broken library of ours must not break the way back.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .updating import CHECKS, EVERY_S, Health, Plan, Verdict, plan, reasons, ring_of, source, verdict

Json = dict[str, Any]
UNITS = ("toiluot-server", "toiluot-kiosk", "toiluot-display", "toiluot-drivers", "toiluot-screen")
PAGES = {"toiluot-kiosk": "http://127.0.0.1:8765/healthz", "toiluot-display": "http://127.0.0.1:8766/healthz"}
KEEP_SETTINGS = ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
INSTALL_S, LOOK_S = 900, 10
SETTINGS, RING = "etc/toiluot/update.toml", "etc/toiluot/ring"


class NoUpdate(Exception):
    """Nothing was changed; the text says why."""


class OnSocket(http.client.HTTPConnection):
    """The drivers' service listens on a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("drivers", timeout=LOOK_S)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LOOK_S)
        self.sock.connect(str(self.path))


@dataclass
class Updater:
    """`every_s` and `look` may be another's: a test need not wait a quarter of an hour."""

    root: Path = Path("/")
    every_s: float = EVERY_S
    restarts: dict[str, str] = field(default_factory=dict)
    look: Callable[[], Health] | None = None

    # ------------------------------------------------------------ one night
    def run(self) -> str:
        """What came of it, also in report.json beside the state."""
        state = self._state()
        if state.get("phase") == "installing":
            outcome = self._back(state, ["installation"])  # it was cut short: neither version is whole
        elif state.get("phase") == "watching":
            outcome = self._watch(state)
        else:
            outcome = self._begin(state)
        return outcome

    def _begin(self, state: Json) -> str:
        settings = tomllib.loads((self.root / SETTINGS).read_text())
        text = source(str(settings.get("repository", "")), self._ring(settings), str(settings.get("signed_by", "")))
        listed = self.root / "etc/apt/sources.list.d/toiluot.sources"
        if not listed.exists() or listed.read_text() != text:
            self._put(listed, text)
        only = ["-o", f"Dir::Etc::SourceList={listed}", "-o", "Dir::Etc::SourceParts=-", "-o", "APT::Get::List-Cleanup=0"]
        self._must("the ring's list of packages could not be had", ["apt-get", *only, "--error-on=any", "update"])
        chosen = self._plan(state.get("refused", []))
        if chosen is None:
            return self._report("nothing newer")
        self._fetch(chosen, chosen.before, "there is no way back: the packages of now cannot be had")
        self._fetch(chosen, chosen.after, "the newer packages could not be had")
        state |= {"phase": "installing", "names": chosen.names, "before": chosen.before, "after": chosen.after}
        state |= {"health": self._look().told(), "checks": []}
        self._keep(state)
        if self._install(chosen.after):
            state["phase"] = "watching"
            self._keep(state)
            return self._watch(state)
        return self._back(state, ["installation"])

    def _watch(self, state: Json) -> str:
        before, checks = Health.of(state["health"]), [Health.of(each) for each in state["checks"]][:CHECKS]
        self._look()  # how often each program was started so far
        while (said := verdict(before, checks)) is Verdict.WAIT:
            time.sleep(self.every_s)
            checks.append(self._look())
            state["checks"] = [each.told() for each in checks]
            self._keep(state)
        if said is Verdict.BACK:
            return self._back(state, reasons(before, checks))
        for old in self._kept().iterdir():
            if old.name not in (state["before"], state["after"]):
                shutil.rmtree(old)
        self._keep({"phase": "done", "version": state["after"], "refused": state.get("refused", [])})
        return self._report("kept", version=state["after"])

    def _back(self, state: Json, why: list[str]) -> str:
        """To the packages before, and never to that version again."""
        whole = self._install(state["before"])
        if not whole:  # the state stays: the next start tries again
            return self._report("the way back failed", version=state["after"], reasons=why)
        refused = sorted({*state.get("refused", []), state["after"]})
        self._keep({"phase": "done", "version": state["before"], "refused": refused})
        return self._report("taken back", version=state["after"], reasons=why)

    # ------------------------------------------------------------ packages
    def _ring(self, settings: Json) -> str:
        """The console's word for this device before the file's."""
        told = self.root / RING
        return ring_of(told.read_text().strip() if told.exists() else None, str(settings.get("ring", "")))

    def _plan(self, refused: list[str]) -> Plan | None:
        listed = self._said(["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package} ${Version}\n", "toiluot-*"])
        rows = [line.split() for line in listed.splitlines()]
        installed = {row[1]: row[2] for row in rows if row[0] == "ii"}
        offered = {}
        for name in installed:
            policy = self._said(["apt-cache", "policy", name])
            offered[name] = next((line.split()[1] for line in policy.splitlines() if line.strip().startswith("Candidate:")), "")
        pairs = [(installed[name], offered[name]) for name in installed]
        newer = bool(pairs) and all(self._ok(["dpkg", "--compare-versions", new, "gt", old]) for old, new in pairs)
        return plan(installed, offered, newer, refused)

    def _fetch(self, chosen: Plan, version: str, otherwise: str) -> None:
        """Into a folder of that version; what is there whole needs no repository any more."""
        folder = self._kept() / version
        if folder.is_dir():
            return
        growing = folder.with_name("growing")
        shutil.rmtree(growing, ignore_errors=True)
        growing.mkdir(parents=True)
        growing.chmod(0o755)
        for name in chosen.names:
            self._must(otherwise, ["apt-get", "-o", "APT::Sandbox::User=root", "download", f"{name}={version}"], cwd=growing)
        growing.rename(folder)

    def _install(self, version: str) -> bool:
        packages = sorted(str(each) for each in (self._kept() / version).glob("*.deb"))
        command = ["apt-get", "--yes", "--no-install-recommends", "--allow-downgrades", *KEEP_SETTINGS, "install", *packages]
        self._ok(["dpkg", "--configure", "-a", "--force-confdef", "--force-confold"])
        return bool(packages) and self._ok(command)

    # ------------------------------------------------------------ looks
    def _look(self) -> Health:
        if self.look is not None:
            return self.look()
        active = [unit for unit in UNITS if self._ok(["systemctl", "is-active", "--quiet", unit])]
        restarts = {unit: self._said(["systemctl", "show", "-P", "NRestarts", unit]).strip() for unit in active}
        calm = all(self.restarts.get(unit, count) == count for unit, count in restarts.items()) and set(self.restarts) <= set(restarts)
        self.restarts = restarts
        pages = [self._answers(PAGES[unit]) for unit in PAGES if unit in active]
        return Health(units=calm if active else None, page=all(pages) if pages else None, server=self._server(), printer=self._printer())

    def _server(self) -> bool | None:
        if self._ok(["systemctl", "is-enabled", "--quiet", "toiluot-server"]):
            bind = self._setting("server", "TOILUOT_BIND") or "0.0.0.0:8080"
            return self._answers(f"http://127.0.0.1:{bind.rpartition(':')[2]}/readyz")
        named = self._setting("kiosk", "TOILUOT_SERVER") or self._setting("display", "TOILUOT_SERVER")
        addresses = [each for each in named.split(",") if each]
        return any(self._answers(f"{each.rstrip('/')}/healthz") for each in addresses) if addresses else None

    def _printer(self) -> bool | None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
            line = OnSocket(self.root / "run/toiluot/drivers.sock")
            line.request("GET", "/v1/status")
            slots = json.loads(line.getresponse().read())["slots"]
            found = [slot for slot in slots if slot["role"] == "printer"]
            return all(slot["state"] in ("ready", "degraded") for slot in found) if found else None
        return None

    @staticmethod
    def _answers(address: str) -> bool:
        """Whether something of ours is at the other end. Whose it is does not matter here: the programs check that, so a site's own
        certificate is not looked at, and nothing is sent or believed."""
        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        try:
            with urllib.request.urlopen(address, timeout=LOOK_S, context=anybody) as answer:  # noqa: S310 - an address from our own settings
                return int(answer.status) == 200
        except urllib.error.HTTPError as refused:
            return refused.code == 426  # plain HTTP where TLS is wanted: it lives
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def _setting(self, program: str, name: str) -> str:
        file = self.root / f"etc/toiluot/{program}.env"
        lines = file.read_text().splitlines() if file.exists() else []
        return next((line.partition("=")[2].strip() for line in lines if line.startswith(f"{name}=")), "")

    # ------------------------------------------------------------ state, commands
    def _kept(self) -> Path:
        folder = self.root / "var/cache/toiluot/packages"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _state(self) -> Json:
        with contextlib.suppress(FileNotFoundError, ValueError):
            told = json.loads((self._place() / "state.json").read_text())
            return told if isinstance(told, dict) else {}
        return {}

    def _place(self) -> Path:
        folder = self.root / "var/lib/toiluot/update"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _keep(self, state: Json) -> None:
        self._put(self._place() / "state.json", json.dumps(state))

    def _report(self, outcome: str, **more: object) -> str:
        self._put(self._place() / "report.json", json.dumps({"outcome": outcome, "at": int(time.time()), **more}))
        print(f"<{4 if more.get('reasons') else 6}>{outcome}", *(f"{name}={value}" for name, value in more.items()), flush=True)
        return outcome

    @staticmethod
    def _put(path: Path, text: str) -> None:
        beside = path.with_name(f".{path.name}.new")
        with beside.open("w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)

    def _must(self, otherwise: str, command: list[str], cwd: Path | None = None) -> None:
        if not self._ok(command, cwd):
            raise NoUpdate(otherwise)

    @staticmethod
    def _ok(command: list[str], cwd: Path | None = None) -> bool:
        surroundings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        try:
            return (
                subprocess.run(command, cwd=cwd, env=surroundings, stdin=subprocess.DEVNULL, timeout=INSTALL_S, check=False).returncode == 0
            )
        except subprocess.TimeoutExpired:
            return False

    @staticmethod
    def _said(command: list[str]) -> str:
        surroundings = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(command, env=surroundings, text=True, capture_output=True, timeout=60, check=False).stdout


def main() -> int:
    updater = Updater()
    try:
        outcome = updater.run()
    except (NoUpdate, ValueError, OSError) as reason:
        outcome = updater._report("no update", reasons=[str(reason)])
    return 0 if outcome in ("kept", "nothing newer") else 1


if __name__ == "__main__":
    sys.exit(main())
