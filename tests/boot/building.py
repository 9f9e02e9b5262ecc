"""What stands around the booted machine: a network of its own, the site's server on it, and a ticket printer on port 9100.

The server is the product's own from this clone's environment, in its own process, reached by a real line with TLS and the
site's own authority. Nothing of it touches the host's network.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.boot.machine import Machine, until

HOUSE = Path(__file__).parents[2]
TOILUOT = [sys.executable, "-m", "toiluot"]
SERVER, KIOSK, PORT, PRINTER = "10.77.0.1", "10.77.0.7", 8443, 9100
# One request over HTTP, made inside the building's network; the answer as JSON: status and body.
ASK = """
import json, ssl, sys, urllib.error, urllib.request
given = json.load(sys.stdin)
context = ssl.create_default_context(cafile=given["ca"]) if given.get("ca") else ssl._create_unverified_context()
body = None if given["body"] is None else json.dumps(given["body"]).encode()
asked = urllib.request.Request(given["url"], body, given["headers"], method=given["method"])
try:
    with urllib.request.urlopen(asked, timeout=30, context=context if given["url"].startswith("https") else None) as answer:
        status, said = answer.status, answer.read()
except urllib.error.HTTPError as refused:
    status, said = refused.code, refused.read()
try: said = json.loads(said)
except ValueError: said = said.decode(errors="replace")
print(json.dumps([status, said]))
"""


class Building:
    def __init__(self, place: Path) -> None:
        self.place = place
        self.paper = place / "paper"
        self.database = f"sqlite:///{place}/site.db"
        self.url = f"https://{SERVER}:{PORT}"
        self._started: list[subprocess.Popen[str]] = []
        holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], text=True)
        self._started.append(holder)
        self.net = holder.pid
        own = os.readlink("/proc/self/ns/net")
        until("a network of its own", lambda: os.readlink(f"/proc/{self.net}/ns/net") != own, 30, 0.05)
        self.inside("ip", "link", "set", "lo", "up")

    def inside(self, *words: str | Path, put: str | None = None) -> str:
        command = ["nsenter", f"--net=/proc/{self.net}/ns/net", *map(str, words)]
        told = subprocess.run(command, input=put, capture_output=True, text=True, cwd=HOUSE, timeout=120, check=False)
        if told.returncode:
            raise AssertionError(f"{words[:6]} ended with {told.returncode}: {told.stdout[-2000:]}{told.stderr[-3000:]}")
        return told.stdout

    def start(self, *words: str | Path, log: str) -> subprocess.Popen[str]:
        command = ["nsenter", f"--net=/proc/{self.net}/ns/net", *map(str, words)]
        out = (self.place / log).open("w")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, text=True, cwd=HOUSE)
        self._started.append(process)
        return process

    # ------------------------------------------------------------ cable, server, printer
    def print_here(self) -> None:
        """The hall's printer, on the LAN: every slip becomes a picture in `paper`."""
        self.start(*TOILUOT, "drivers", "sim", "printer", "--tcp", f"0.0.0.0:{PRINTER}", "--paper", self.paper, log="printer.log")

    def street(self) -> None:
        """The server's address is there before any machine is plugged in."""
        self.inside("ip", "addr", "add", f"{SERVER}/32", "dev", "lo")

    def wire(self, machine: Machine) -> None:
        """A cable from here into the machine, which has one address on it and no way beyond. Its end dies with the machine."""
        self.inside("ip", "link", "add", "b0", "type", "veth", "peer", "name", "eth0", "netns", str(machine.leader))
        self.inside("ip", "addr", "add", f"{SERVER}/24", "dev", "b0")
        self.inside("ip", "link", "set", "b0", "up")
        machine.run(f"ip addr add {KIOSK}/24 dev eth0; ip link set eth0 up")

    def plug(self, plugged: bool) -> None:
        self.inside("ip", "link", "set", "b0", "up" if plugged else "down")

    def open(self) -> None:
        """A site with its own authority, a key for the fleet, one that reads, and the printer of the hall."""
        self.inside(*TOILUOT, "server", "init", "--db", self.database, "--site", "T01", "--kind", "training", "--template", "ward")
        self.fleet_key, self.read_key = self._key("fleet"), self._key("read")
        bind = ["--bind", f"{SERVER}:{PORT}", "--tls", "auto"]
        self.server = self.start(*TOILUOT, "server", "run", "--db", self.database, *bind, log="server.log")
        until("the server is ready", self._ready, 90)
        # As a technician does at the server itself: the authority from its own page, before anything is pinned.
        status, pem = self.ask("GET", "/ca.pem")
        assert status == 200, pem
        (self.place / "ca.pem").write_text(pem)

    def _key(self, scope: str) -> str:
        said = self.inside(*TOILUOT, "server", "api-key", "create", "--db", self.database, "--name", scope, "--scope", scope)
        key = said.split()[-1]
        (self.place / f"{scope}.key").write_text(key + "\n")
        return key

    def _ready(self) -> bool:
        if self.server.poll() is not None:
            raise AssertionError(f"the server ended: {(self.place / 'server.log').read_text()[-3000:]}")
        try:
            return bool(self.ask("GET", "/readyz")[0] == 200)
        except AssertionError:
            return False

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        headers = {"Accept-Language": "en"} | ({"Authorization": f"Bearer {key}"} if key else {})
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        ca = str(self.place / "ca.pem") if (self.place / "ca.pem").exists() else ""
        given = {"url": self.url + path, "method": method, "body": body, "headers": headers, "ca": ca}
        status, said = json.loads(self.inside(sys.executable, "-c", ASK, put=json.dumps(given)))
        return status, said

    def slips(self) -> list[Path]:
        return sorted(self.paper.glob("*.png"))

    def close(self) -> None:
        for process in reversed(self._started):
            process.terminate()
        end = time.monotonic() + 15
        for process in reversed(self._started):
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
