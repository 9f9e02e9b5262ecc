"""The thread that watches each site of this database: says that the server lives, judges the rules, tells alerts to whoever was named.

Holds times of trying again and what one process remembers. What an alert is stands in `services.alerting`; how it leaves the house
in `alert_ways`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.x509 import load_pem_x509_certificate

from queue_server.domain.alerting import URGENT
from queue_server.services import alerting, queries
from queue_server.web.alert_settings import Settings
from queue_server.web.alert_ways import Message, NotDelivered, Way
from queue_server.web.house import House

if TYPE_CHECKING:
    from queue_server.web.report_post import ReportPost

LOOK_S = 15.0
AGAIN_S = (10.0, 30.0, 120.0, 600.0)  # and then every ten minutes, until the alert is a day old
WATCHED = ("live", "pilot")
NEWEST = ("*.sqlite3", "*.db", "*.tar", "*.gz", "*.zst")


@dataclass(slots=True)
class _Try:
    tries: int = 0
    due_s: float = 0.0


class AlertWatch:
    """Lives on threads of its own, so that a mail server that hangs delays no look; only `stop` is called from elsewhere."""

    def __init__(self, house: House, settings: Settings) -> None:
        self._house, self._settings = house, settings
        self._stopped = threading.Event()
        self._watches: dict[str, alerting.Watch] = {}
        self._tries: dict[tuple[str, str, str], _Try] = {}
        self._post = self._poster(settings)
        work = ((self.look, "alerts"), *(((self.tell, "alert-ways"),) if settings.ways else ()))
        work += ((self.report, "report-post"),) if settings.report else ()
        self._threads = [threading.Thread(target=self._run, args=one, name=one[1], daemon=True) for one in work]

    def _poster(self, settings: Settings) -> ReportPost | None:
        if settings.report is None:
            return None
        from queue_server.web.report_post import ReportPost  # with all the pages, which neither a command nor the streams need

        return ReportPost(self._house, settings.report, self._stopped)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def join(self) -> None:
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=5)

    def _run(self, work: Any, name: str) -> None:
        while not self._stopped.is_set():
            try:
                work()
            except Exception as broken:  # noqa: BLE001 - the next look tries again, and nobody above would see it
                self._house.report(f"{name} failed", broken)
            self._stopped.wait(LOOK_S)

    # ------------------------------------------------------------ looking
    def look(self) -> None:
        """Every site once. A standby writes nothing of its own."""
        store = self._house.store
        if self._house.standing.following:
            return
        backup, certificates = newest(self._settings.backups), certificate_ends(self._settings.certificates)
        for site in self._watched():
            now, first = self._house.clock.wall_ms(), site not in self._watches
            watch = self._watches.setdefault(site, alerting.Watch(now))
            alerting.lives(store, site, now=now, first=first)
            alerting.look(store, site, watch, self._settings.limits, now=now, backup=backup, certificates=certificates)

    def _watched(self) -> list[str]:
        """The sites that somebody relies on: nobody is sent for over a rehearsal, and a replaced server is nobody's server."""
        with self._house.store.read() as reader:
            kinds = {row["code"]: row["kind"] for row in reader.sites()}
        return [site for site, kind in kinds.items() if kind in WATCHED and self._house.standing.word(site) == "serving"]

    # ------------------------------------------------------------ telling
    def tell(self) -> None:
        """Whatever is still to be told, of every site and every way; by one process at a time."""
        if self._house.standing.following:
            return
        with self._house.store.alone("alert-ways") as mine:
            for site in self._watched() if mine else ():
                for way in self._settings.ways:
                    self._tell(site, way)

    def report(self) -> None:
        """The reports of closed days, to whoever gets them; by one process at a time."""
        if self._post is None or self._house.standing.following:
            return
        with self._house.store.alone("report-post") as mine:
            for site in self._watched() if mine else ():
                self._post.site(site)

    def _tell(self, site: str, way: Way) -> None:
        now = self._house.clock.wall_ms()
        with self._house.store.read() as reader:
            due = alerting.untold(reader, site, way.name, now=now)
            row, _ = queries.house(reader, site)
        for what, alert in due:
            if self._stopped.is_set():
                return
            key = (alert["id"], what, way.name)
            if way.least == URGENT and alert["severity"] != URGENT:
                self._done(site, key, "not_wanted")
            else:
                self._try(
                    site, key, way, Message(site, row["name"], what, alert), old=alert["age_s"] * 1000 > alerting.SETTLED_MS - 3_600_000
                )

    def _try(self, site: str, key: tuple[str, str, str], way: Way, message: Message, *, old: bool) -> None:
        state, now_s = self._tries.setdefault(key, _Try()), self._house.clock.monotonic()
        if now_s < state.due_s:
            return
        state.tries += 1
        try:
            way.deliver(message)
        except NotDelivered as why:
            state.due_s = now_s + AGAIN_S[min(state.tries, len(AGAIN_S)) - 1]
            self._house.log.warning("alert not delivered", site=site, way=way.name, alert=key[0], tries=state.tries, why=str(why))
            if old:
                self._done(site, key, "given_up")
            return
        self._done(site, key, "sent")

    def _done(self, site: str, key: tuple[str, str, str], outcome: str) -> None:
        tried = self._tries.pop(key, _Try())
        alerting.told(self._house.store, site, key[0], what=key[1], way=key[2], outcome=outcome, tries=tried.tries)


# ---------------------------------------------------------------- what lies on this machine
def newest(folder: Path | None) -> int | None:
    """When the newest backup in a folder was made; 0 where there is none, None where no folder was named."""
    if folder is None:
        return None
    made: list[int] = []
    for pattern in NEWEST:
        for file in folder.glob(pattern):
            try:
                made.append(file.stat().st_mtime_ns // 1_000_000)
            except OSError:
                continue
    return max(made, default=0)


def certificate_ends(files: tuple[Path, ...]) -> dict[str, int]:
    """Until when each certificate is good; one that cannot be read has ended."""
    ends: dict[str, int] = {}
    for file in files:
        try:
            ends[file.name] = int(load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc.timestamp() * 1000)
        except (OSError, ValueError):
            ends[file.name] = 0
    return ends
