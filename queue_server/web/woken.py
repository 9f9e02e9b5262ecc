"""A thread beside the hall's work that looks when a commit wakes it, rests, and looks now and then without being woken.

Holds the thread alone; what is looked at, and how long each rests, is said by those that are made of it.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod

from queue_server.web.house import House


class Woken(ABC):
    """Lives on a thread of its own; only `wake` and `stop` are called from elsewhere. A look that fails is reported and tried again."""

    name = failed = ""
    look_s = 20.0  # without a commit to tell of it
    pause_s = 0.2  # many commits in a row are one look

    def __init__(self, house: House) -> None:
        self._house = house
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    @abstractmethod
    def look(self) -> None:
        """One look, on the thread."""

    def start(self) -> None:
        """Begin with what was left undone before."""
        self._thread.start()

    def wake(self) -> None:
        """After a commit, on a thread of the store."""
        self._woken.set()

    def stop(self) -> None:
        """No more looks; one that has begun ends soon."""
        self._stopped.set()
        self._woken.set()

    def join(self) -> None:
        """Wait until it has stopped."""
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def rest_s(self, worked_s: float) -> float:
        """How long it rests after a look that took so much of a processor."""
        return self.pause_s

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            began_s = time.thread_time()
            try:
                self.look()
            except Exception as broken:  # noqa: BLE001 - nobody above would see it, and the next look tries again
                self._house.report(self.failed, broken)
            self._stopped.wait(self.rest_s(time.thread_time() - began_s))
            self._woken.wait(self.look_s)
