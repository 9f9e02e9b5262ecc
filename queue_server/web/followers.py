"""What the standby has confirmed: no answer leaves before it is on two machines, as long as the standby keeps up.

Holds the waiting of the writer between commit and answer. A standby that is silent or slow is not waited for: it is said
to be behind until it has caught up, and the hall goes on.
"""

from __future__ import annotations

import threading
from typing import Any

from toiluot_edge import Clock

SILENT_S = 3.0  # a standby that has not asked for so long is not there
PATIENCE_S = 1.0  # and one that needs longer than this for one commit is behind


class Followers:
    """The standby of one server process, as far as it has been heard of."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._confirmed: dict[str, int] = {}
        self._asked_at: dict[str, float] = {}
        self._behind: set[str] = set()

    def enter(self, store: Any, clock: Clock) -> None:
        """The house it belongs to."""
        self._store, self._clock = store, clock

    def asked(self, site: str, after: int) -> None:
        """The standby asks for what comes after a row: it has everything before that on its disk."""
        with self._changed:
            self._confirmed[site], self._asked_at[site] = after, self._clock.monotonic()
            if site in self._behind and after >= self._end(site):
                self._behind.discard(site)
            self._changed.notify_all()

    def hold(self) -> None:
        """Wait, at most `PATIENCE_S`, until what was committed is confirmed wherever a standby keeps up."""
        now = self._clock.monotonic()
        waited = [site for site, at in list(self._asked_at.items()) if now - at < SILENT_S and site not in self._behind]
        for site in waited:
            end = self._end(site)
            with self._changed:
                if not self._changed.wait_for(lambda site=site, end=end: self._confirmed[site] >= end, PATIENCE_S):  # type: ignore[misc]
                    self._behind.add(site)

    def words(self, site: str) -> dict[str, Any]:
        """For the technician: `{state: none|together|behind|silent, rows_behind}`."""
        at = self._asked_at.get(site)
        if at is None:
            return {"state": "none", "rows_behind": None}
        rows = max(0, self._end(site) - self._confirmed[site])
        silent = self._clock.monotonic() - at >= SILENT_S
        return {"state": "silent" if silent else "behind" if site in self._behind else "together", "rows_behind": rows}

    def _end(self, site: str) -> int:
        return int(self._store.position(site)[1])
