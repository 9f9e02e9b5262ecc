"""A kiosk on a how-to's machine: what cloud-init and its units do with a card, and what its screen shows."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

import httpx
import yaml

from tests.howto.machine import Machine
from tests.howto.site import Site
from tests.web.helpers import until

WITHIN_S = 240.0
IDENTITY = "/var/lib/toiluot/identity"
JOINED = "/etc/toiluot/join.toml"


class Kiosk:
    """The machine's kiosk. `site` is the server it belongs to."""

    def __init__(self, machine: Machine, site: Site) -> None:
        self.machine, self.site = machine, site
        self.base = f"http://{machine.host}"

    # ------------------------------------------------------------ hands
    def first_boot(self) -> None:
        """What cloud-init does with `user-data`: the files it names, and the unit that it starts; the packages are there already."""
        told = yaml.safe_load((self.machine.path("/media/bootfs") / "user-data").read_text(encoding="utf-8"))
        assert told["hostname"] == "kiosk-07"
        for file in told["write_files"]:
            path = self.machine.path(file["path"])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file["content"], encoding="utf-8")
            path.chmod(int(file["permissions"], 8))
        started = [command for command in told["runcmd"] if command[0] == "systemctl"]
        assert started
        for command in started:
            self.machine.run(" ".join(command) + "\n")
        until(lambda: bool(self._words_on_screen()), WITHIN_S)

    def new_machine(self) -> None:
        """The dead one's key and settings went with its card."""
        self.machine.run("systemctl stop toiluot-kiosk\n")
        for folder in (IDENTITY, "/var/lib/toiluot/kiosk"):
            shutil.rmtree(self.machine.path(folder), ignore_errors=True)
        self.first_boot()

    def first_page(self) -> None:
        until(lambda: (self.machine.path(IDENTITY) / "device.json").exists(), WITHIN_S)
        until(lambda: not self.machine.path(JOINED).exists(), WITHIN_S)
        self.machine.run("systemctl start toiluot-kiosk\n")  # as `settle` does on a machine whose root is its own
        until(lambda: self.state().get("screen") == "home", WITHIN_S)

    def take_a_number(self) -> None:
        service = next(one["code"] for one in self.site.as_("attendant").get("/services")["services"] if one["open"])
        answer = httpx.post(
            f"{self.base}/api/choose", json={"service": service, "visit": self.state()["visit"]}, timeout=20, trust_env=False
        )
        assert answer.status_code == 200, answer.text
        until(lambda: self.state().get("screen") == "number", WITHIN_S)
        label = self.state()["ticket"]["label"]
        (ticket,) = self.site.as_("attendant").get(f"/tickets?label={label}")["tickets"]
        assert ticket["state"] == "waiting"

    # ------------------------------------------------------------ looking
    def _page(self, path: str) -> str:
        try:
            answer = httpx.get(f"{self.base}{path}", timeout=5, trust_env=False)
        except httpx.HTTPError:
            return ""
        return answer.text if answer.status_code == 200 else ""

    def state(self) -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads(self._page("/api/state") or "{}")
        except ValueError:
            return {}
        return told

    def words(self) -> str:
        return self.machine.run("toiluot provision words\n").strip()

    def _words_on_screen(self) -> str:
        try:
            words = self.words()
        except AssertionError:
            return ""
        seen = re.sub(r"<[^>]+>|\s+", " ", self._page("/") + self._page("/api/state"))
        return words if all(word in seen for word in words.split()) else ""

    # ------------------------------------------------------------ the console
    def waiting(self) -> dict[str, Any]:
        """The enrolment whose words are the kiosk's."""
        words = self.words().split()
        found = [one for one in self.site.as_("technician").get("/enrolments")["enrolments"] if one["words"] == words]
        assert len(found) == 1, (words, found)
        return dict(found[0])
