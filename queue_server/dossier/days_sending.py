"""Sending the aggregates of days: after the records, one at a time, each under its own version.

The days that are due are remembered on disk before the cursor passes the events that made them due, and a day counts as told
once the partner answered: killed at any moment, a day is told once more under the same version. What is due is `day`'s affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from queue_server.client import Client

from .adapters import Adapter, NotOffered, Refusal
from .aside import Aside
from .day import Days
from .files import State
from .payload import KEEP_DAYS, Names


class DaySender:
    """The days of one site to one partner."""

    def __init__(self, client: Client, adapter: Adapter, state: State, aside: Aside) -> None:
        self._client, self._adapter, self._state, self._aside = client, adapter, state, aside
        self._days = Days(state.days())
        self._changed = False
        self.sent = 0

    def touch(self, event: Mapping[str, Any], visit_day: str | None) -> None:
        """One more event was read."""
        self._changed = self._days.touch(event, visit_day) or self._changed

    def keep(self) -> None:
        """Before the cursor passes what was read."""
        if self._changed:
            self._state.keep_days(self._days.as_data())
            self._changed = False

    def waiting(self) -> int:
        return len(self._days.due())

    def again(self, *, anew: bool) -> None:
        """All that are known are told once more."""
        self._days.again(anew=anew)
        self._state.keep_days(self._days.as_data())

    def doubt(self) -> None:
        """The log went on from an earlier place: every day is looked at, and told where it now says something else."""
        self._days.doubt()
        self._state.keep_days(self._days.as_data())

    def step(self, site: str, names: Names) -> bool:
        """Tell the oldest day that is due; false where there is none. One that will not be taken is set aside like a record."""
        due = self._days.due()
        if not due:
            return False
        day = due[0]
        said = self._days.message(site, self._client.metrics_day(day), names)
        if said is not None:
            try:
                self._adapter.day(site, day, said)
                self.sent += 1
            except NotOffered:
                pass  # this partner takes no days: they count as told, or they would be asked for for ever
            except Refusal as refusal:
                self._aside.put(f"{site}:{day}:{said['PhienBan']}", said, refusal.status, refusal.code, refusal.detail)
        self._days.said(day, said)
        self._days.forget(2 * KEEP_DAYS)
        self._state.keep_days(self._days.as_data())
        self._changed = False
        return True
