"""A whole small centre on which scenes are played: the demonstration's own programs, with the far ends of its wires.

Server, drivers, kiosk, display, dossier feed: each the real program in its process; printer, scanner, keypads and panels
are the simulated far ends on TCP and pseudo-terminals. Its site time is moved on by hand, and every scene is a day of its
own, so that no scene sees another's people. Holds the stage; who acts on it is `people`'s.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx

from queue_server.client import Client
from queue_server.contract import times
from queue_server.demo.centre import SITE, Addresses, Centre
from queue_server.demo.document import services
from queue_server.demo.ports import Ports
from queue_server.domain.event import Event
from queue_server.services import configuring, days
from queue_server.storage.store import open_store
from tests.web.helpers import Site
from toiluot_edge import ScaledClock, SystemClock

T = TypeVar("T")
PATIENCE_S = 40.0  # a deadline for a machine with much else to do, never a wait
# The kiosk's own times are real ones; a slow machine must not be taken for somebody who walked away.
UNHURRIED = {"number_shown_s": 120, "idle_s": 300, "same_card_s": 900}
OFFICE_HOURS = [["07:30", "11:30"], ["13:30", "17:00"]]


class StageClock(ScaledClock):
    """Site time of all programs: it runs, and a scene may move it on."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "moved"
        self._path.write_text(f"{0:020.3f}")
        self._by_s = 0.0
        tomorrow = datetime.now(UTC).astimezone(times.VIETNAM).replace(hour=0, minute=0, second=0) + timedelta(days=1)
        super().__init__(int(tomorrow.timestamp() * 1000), 1.0, time.monotonic(), str(self._path))

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall_ms() / 1000, UTC).astimezone(times.VIETNAM)

    def move_to(self, instant: datetime) -> None:
        by_s = (instant - self.now).total_seconds()
        assert by_s >= 0, f"{instant} is over: it is {self.now}"
        self._by_s += by_s
        with self._path.open("r+b") as file:
            os.pwrite(file.fileno(), f"{self._by_s:020.3f}".encode(), 0)  # all of the number at once, and never a smaller one


class Stage:
    """The centre, its time, and what an onlooker may ask of it."""

    def __init__(self, folder: Path) -> None:
        self.clock = StageClock(folder)
        self._ports, self._stop = Ports(), threading.Event()
        at = Addresses(self._ports.any(), self._ports)
        self.centre = Centre(at, SystemClock(), self._stop, services("ward-services"), site_clock=self.clock.words())
        try:
            self.centre.start()
        except BaseException:
            self.close()
            raise
        self.facts = self.centre.facts()
        self.http = httpx.Client(timeout=20.0, trust_env=False)
        self.store = open_store(f"sqlite:///{self.centre.folder}/site.db", self.clock)
        self.site = Site(SITE, self.facts["server"], self.store)
        key = self.site.key("issue", "call", "read", "feed", "manage", "fleet")
        self.client, self._who = Client(self.facts["server"], key, timeout=20), {"Authorization": f"Bearer {key}"}
        self._plain: dict[str, Any] = configuring.current(self.store, SITE)["document"]
        self._orders, self._from, self._dead = 0, 0, 0
        # A day that is moved on while the kiosk takes its first numbers for a cut line would leave it without any for a while.
        home = self.client.kiosk_home()[0] or {}
        series, kept = {service["series"] for service in home["services"]}, home["settings"]["lease_count"]
        self.until(lambda: {event.data["series"] for event in self.log("lease.issued")} >= series)
        self.until(lambda: self.drawer(*{event.subject for event in self.log("lease.issued")}) == kept * len(series))

    def close(self) -> None:
        if hasattr(self, "client"):
            self.client.close()
            self.http.close()
            self.store.close()
        self._stop.set()
        self.centre.close()
        self._ports.close()

    # ------------------------------------------------------------ time
    def day(
        self,
        hour: str,
        services: Mapping[str, Mapping[str, Any]] | None = None,
        counters: Mapping[str, Sequence[str]] | None = None,
        languages: Sequence[str] = ("vi", "en"),
        **policy: Any,
    ) -> None:
        """A new day, at this hour; nobody is in the house, all counters are closed. Settings as they are named, else the usual."""
        self.site.configure(lambda current: current.update(self._plain))  # whoever the last scene left waiting goes with its day
        self.next_morning(hour)
        document = dict(self._plain)
        document["calendars"] = {"office": {"weekly": {str(day): OFFICE_HOURS for day in range(1, 8)}}}
        named, serves = services or {}, counters or {}
        document["services"] = [{**one, "calendar": "office", **named.get(one["code"], {})} for one in self._plain["services"]]
        document["counters"] = [
            {**one, "services": list(serves[one["code"]])} if one["code"] in serves else one for one in self._plain["counters"]
        ]
        document["languages"] = list(languages)
        document["policy"] = {**self._plain.get("policy", {}), **UNHURRIED, **policy}
        self.site.configure(lambda current: current.update(document))
        self._from = self.last_seq()

    def next_morning(self, hour: str) -> None:
        """The next day, as this one left it."""
        midnight = self.clock.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        self.clock.move_to(midnight + _hour(hour))
        days.turn(self.store, SITE)

    def at(self, hour: str) -> None:
        """Later on the same day."""
        self.clock.move_to(self.clock.now.replace(hour=0, minute=0, second=0, microsecond=0) + _hour(hour))

    def later(self, minutes: float) -> None:
        self.clock.move_to(self.clock.now + timedelta(minutes=minutes))

    def until(self, what: Callable[[], T], within_s: float = PATIENCE_S) -> T:
        """The first true answer. Programs that died meanwhile are started again, as systemd would, unless the story has them dead."""
        deadline, pause = time.monotonic() + within_s, threading.Event()
        while not (answer := what()):
            assert time.monotonic() < deadline, f"not within {within_s} s: last answer {answer!r}"
            if not self._dead:
                self.centre.supervisor.watch()
            pause.wait(0.05)
        return answer

    # ------------------------------------------------------------ what an onlooker sees
    def rid(self) -> str:
        self._orders += 1
        return f"scene-{self._orders}-{self._from}"

    def last_seq(self) -> int:
        with self.store.read() as reader:
            row = reader.site(SITE)
        assert row is not None
        return int(row["seq"])

    def log(self, *types: str) -> list[Event]:
        """What the log says of this scene, in order; only some types where they are named."""
        with self.store.read() as reader:
            found = reader.events_after(SITE, self._from, 100_000)
        return [event for event in found if not types or event.type in types]

    def labels(self, *types: str) -> list[str]:
        return [str(event.label) for event in self.log(*types)]

    def drawer(self, *leases: str) -> int:
        """How many numbers of these leases the kiosk still has for when it is alone."""
        with closing(sqlite3.connect(f"{self.centre.folder}/kiosk/spool.sqlite3")) as kept:
            held = kept.execute("SELECT 'lease:' || lease FROM numbers WHERE device_seq IS NULL").fetchall()
        return sum(lease in leases for (lease,) in held)

    def asks(self, path: str) -> Any:
        """A question of the API that the client has no words for."""
        return self._api("GET", path, None)

    def order(self, path: str, **body: Any) -> Any:
        return self._api("POST", path, {"request_id": self.rid(), **body})

    def _api(self, method: str, path: str, body: Any) -> Any:
        answer = self.http.request(method, f"{self.facts['server']}/api/v1{path}", json=body, headers=self._who)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def ticket(self, ticket_id: str) -> dict[str, Any]:
        return self.client.ticket(ticket_id)

    def device(self, name: str, path: str, **body: Any) -> Any:
        """A far end's own page: read where no body is given, else its switches."""
        url = self.facts["devices"][name]["page"] + path
        answer = self.http.post(url, json=body) if body else self.http.get(url)
        return answer.raise_for_status().json()

    def picture(self, slip: int) -> bytes:
        """The paper as it hangs out of the printer."""
        return self.http.get(f"{self.facts['devices']['printer']['page']}slips/{slip}.png").raise_for_status().content

    # ------------------------------------------------------------ misfortune
    @contextmanager
    def dead(self, name: str) -> Iterator[None]:
        """The server or the kiosk is killed; it is started again, and answers, when the story goes on."""
        program = self.centre.supervisor.programs[name]
        assert program.process is not None
        self._dead += 1
        program.process.kill()
        program.process.wait(10)
        try:
            yield
        finally:
            self._dead -= 1
        if not self._dead:
            self.until(lambda: all(map(self._answers, ("server", "kiosk"))))

    def _answers(self, name: str) -> bool:
        url = f"{self.facts['server']}/readyz" if name == "server" else f"{self.facts['kiosk']}healthz"
        with suppress(httpx.HTTPError):
            return self.http.get(url, timeout=5).status_code == 200
        return False


def _hour(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
