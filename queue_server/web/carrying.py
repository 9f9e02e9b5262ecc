"""The reader of the logs that brings people who moved from one site of this database to the other.

Holds what it has done already; what an arrival is stands in `services.moving`. It keeps no
cursor: after a death it looks at the moves of the last days once more, and what has arrived stays as it is.
"""

from __future__ import annotations

from queue_server.domain.errors import Refusal
from queue_server.services import moving
from queue_server.web.house import House
from queue_server.web.woken import Woken

REMEMBERED = 10_000


class Carrier(Woken):
    """The thread that lets people arrive."""

    name, failed = "carrier", "people on their way to another site not looked for"

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._done: set[tuple[str, str]] = set()

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
