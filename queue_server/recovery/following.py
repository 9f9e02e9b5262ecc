"""A standby in the building: begins with a copy of the server, follows its log, and takes over under a new epoch.

Holds the process side: fetching, taking in, judging a silence, and telling a server that was replaced. What is fetched and
how it enters the tables is `services.replicating`'s. One thread follows, one listens to the server's stream so that a row is
fetched the moment it is there; the next question tells the server that everything before is on this disk too.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from queue_server.client import Client, Problem, Unreachable
from queue_server.domain.principal import SYSTEM
from queue_server.recovery import branches
from queue_server.services import epochs, replicating
from queue_server.services.unit import Configs
from queue_server.storage import copying
from queue_server.storage.serving import stopped
from queue_server.storage.store import Store, is_sqlite, sqlite_path

ASK_S = 1.0  # at the latest: a stream that died unnoticed costs no more than this
ASIDE_S = 10.0


def begin(server: Client, url: str, opener: Callable[[str], Store]) -> bool:
    """Make sure that there is a database that the server's log continues. True where a copy was fetched; rows of an older
    life of this machine (it was the server once) are kept for a person."""
    if is_sqlite(url) and Path(sqlite_path(url)).exists() and _continues(server, url, opener):
        return False
    path = Path(sqlite_path(url))
    fetched = path.with_name(f"{path.name}.fetched")
    server.replica_snapshot(fetched)
    copying.verify(fetched)
    with stopped(url):
        old = path.rename(path.with_name(f"{path.name}.before")) if path.exists() else None
        copying.copy_in(fetched, url)
    fetched.unlink()
    if old is not None:
        store = opener(url)
        for site in store.sites():
            branches.disown(store, site, old)
        store.close()
    return True


def _continues(server: Client, url: str, opener: Callable[[str], Store]) -> bool:
    """Whether the server has our last row as we have it. Where it does not answer (both lost power, and only this machine
    came back) the copy stands by as it is: each row taken in later must continue it."""
    store = opener(url)
    sites = store.sites()
    try:
        for site in sites:
            epoch, seq = store.position(site)
            with store.read() as reader:
                ours = reader.events_after(site, seq - 1, 1)
            theirs = server.events(after=str(seq - 1), limit=1)["events"]
            if not theirs or not ours or theirs[0]["hash"] != ours[0].hash or theirs[0]["epoch"] != epoch:
                return False
    except Problem:
        return False
    except Unreachable:
        if not sites:
            raise
    finally:
        store.close()
    return True


class Follower:
    """Follows every site of the database until it is told to stop, takes over, or finds that the logs have parted."""

    def __init__(
        self, server: Client, store: Store, standing: Any, log: Any, *, name: str, clock: Any, on_parted: Callable[[], object]
    ) -> None:
        self._server, self._store, self._standing, self._log = server, store, standing, log
        self._name, self._clock, self._on_parted = name, clock, on_parted
        self._epochs = {site: store.position(site)[0] for site in store.sites()}
        self._answers_since: dict[str, int] = {}
        self._digest, self._aside_at = "", float("-inf")
        self._heard_at: float | None = None
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._follow, name="follow", daemon=True),
            threading.Thread(target=self._listen, name="follow-stream", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    # ------------------------------------------------------------ following
    def _follow(self) -> None:
        while self._standing.following and not self._stopping.is_set():
            self._wake.clear()
            try:
                more = bool(sum(self.once(site) for site in self._epochs))
                self._beside()
                self._heard_at, self._standing.heard_at = self._clock.monotonic(), self._clock.wall_ms()
            except (Unreachable, Problem) as away:
                more = False
                self._log.info("the server does not answer the standby", error=str(away))
                self._consider()
            except replicating.Diverged as parted:
                if any(self._store.position(site)[0] != epoch for site, epoch in self._epochs.items()):
                    break  # promoted while these rows were on the way: this log is the one that counts
                self._log.error("the standby no longer continues the server's log: it begins anew", error=str(parted))
                self._on_parted()
                return
            if not more:
                self._wake.wait(ASK_S)
        while not self._stopping.is_set() and not self.fenced():
            self._stopping.wait(ASK_S)

    def fenced(self) -> bool:
        """After taking over: tell the server that was followed, whenever it comes back, before it takes a command of anybody who has
        not heard. Whether it knows by now."""
        self._server.heard(max((self._store.position(site)[0] for site in self._epochs), default=0))
        with contextlib.suppress(Unreachable, Problem):
            return bool(self._server.standing()["standing"] != "serving")
        return False

    def once(self, site: str) -> bool:
        """One question and its answer. True where there may be more. A promotion by another process ends the following."""
        epoch, seq = self._store.position(site)
        if epoch != self._epochs[site]:
            self._standing.promoted()
            return False
        told = self._server.replica_rows(seq, self._answers_since.get(site, 0))
        if told["events"] or told["answers"]:
            reached = self._store.write(site, lambda repository: replicating.take_in(repository, told))
            self._epochs[site] = self._store.position(site)[0]
            self._answers_since[site] = max([self._answers_since.get(site, 0), *(answer["at"] for answer in told["answers"])])
            return bool(told["events"]) or reached < told["seq"]
        return False

    def _beside(self) -> None:
        now = self._clock.monotonic()
        if now - self._aside_at < ASIDE_S:
            return
        told = self._server.replica_aside(self._digest)
        if told["digest"] != self._digest:
            self._store.write("", lambda repository: replicating.take_aside(repository, told))
        self._digest, self._aside_at = told["digest"], now

    def _listen(self) -> None:
        """Each frame of the server's stream is a reason to ask at once."""
        while self._standing.following and not self._stopping.is_set():
            with contextlib.suppress(Unreachable, Problem):
                for _ in self._server.stream():
                    self._wake.set()
                    if self._stopping.is_set() or not self._standing.following:
                        return
            self._stopping.wait(ASK_S)

    # ------------------------------------------------------------ taking over
    def _consider(self) -> None:
        """Alone only where the site's configuration names this standby and says how long to wait, and only after the
        server has been heard once: a standby that never saw it knows nothing of its death."""
        if self._heard_at is None:
            return
        silent_s = self._clock.monotonic() - self._heard_at
        for site in self._epochs:
            with self._store.read() as reader:
                row = reader.site(site)
                policy = Configs.of(reader, row).policy if row else None
            if policy is None or not policy.standby_after_s or policy.standby != self._name or silent_s < policy.standby_after_s:
                return
        done = epochs.take_over(self._store, SYSTEM, self._standing.heard_at)
        self._standing.promoted()
        self._log.warning("this standby took over", silent_s=int(silent_s), epochs={site: body["epoch"] for site, body in done.items()})
