"""The reader of the logs that brings people who moved from one site of this database to the other.

Holds the thread, what wakes it and what it has done already; what an arrival is stands in `services.moving`. It keeps no
cursor: after a death it looks at the moves of the last days once more, and what has arrived stays as it is.
"""

from __future__ import annotations

import threading

from queue_server.domain.errors import Refusal
from queue_server.services import moving
from queue_server.web.house import House

LOOK_S = 20.0  # without a commit to tell of it: another process's move, or one that failed before
PAUSE_S = 0.2  # many commits in a row are one look
REMEMBERED = 10_000


class Carrier:
    """Lives on a thread of its own; only `wake` and `stop` are called from elsewhere."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._done: set[tuple[str, str]] = set()
        self._thread = threading.Thread(target=self._run, name="carrier", daemon=True)

    def start(self) -> None:
        """Begin with what the last server left on the way."""
        self._thread.start()

    def wake(self) -> None:
        """After a commit, on a thread of the store."""
        self._woken.set()

    def stop(self) -> None:
        """No more arrivals; one that has begun is finished."""
        self._stopped.set()
        self._woken.set()

    def join(self) -> None:
        """Wait until it has stopped."""
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            try:
                self.look()
            except Exception as broken:  # noqa: BLE001 - nobody above would see it, and the next look tries again
                self._house.report("people on their way to another site not looked for", broken)
            self._stopped.wait(PAUSE_S)
            self._woken.wait(LOOK_S)

    def look(self) -> None:
        """Let everyone arrive who is on the way. A standby writes nothing of its own."""
        if self._house.standing.following:
            return
        store = self._house.store
        for moved in moving.pending(store, self._done):
            if self._stopped.is_set():
                return
            try:
                moving.deliver(store, moved)
            except Refusal as no:
                self._house.report("somebody could not arrive at another site", no, site=moved.site, label=moved.label)
            self._done.add((moved.site, str(moved.ticket)))
        if len(self._done) > REMEMBERED:
            self._done.clear()
