"""The far end of a recording of `drivers record`: answers as a device in the field answered, and says unasked what it said."""

from __future__ import annotations

import json
import os
import select
import threading
import time
from pathlib import Path
from typing import Any

QUESTION_BYTES = 8  # the end of what it was told, by which a question is known again
TOGETHER_S = 0.5
MOST_WAIT_S = 3.0  # an hour between two cards is not waited for again


class PlaybackFar:
    """Questions are answered in the order they were answered then; the last answer stands, as a jam stands."""

    def __init__(self, recording: dict[str, Any]) -> None:
        assert recording["format"] == "toiluot-line-1", recording["format"]
        self.answers: list[tuple[bytes, bytes]] = []
        self.unasked: list[tuple[float, bytes]] = []
        self._next = 0
        self.begin = threading.Event()  # what is said unasked waits for it: what came before a driver listens would be lost
        self._stopping = threading.Event()
        question, said_at, before = b"", -1.0, 0.0
        for at, what, text in recording["events"]:
            data = bytes.fromhex(text)
            if what == "out" and data:
                question = data[-QUESTION_BYTES:]
            elif what == "in" and question:
                self.answers.append((question, data))
                question, said_at = b"", at
            elif what == "in" and self.answers and at - said_at < TOGETHER_S:
                self.answers[-1] = (self.answers[-1][0], self.answers[-1][1] + data)
            elif what == "in":
                self.unasked.append((min(at - before, MOST_WAIT_S), data))
            before = at if what == "in" else before

    def carry(self, fd: int) -> None:
        heard, waiting = b"", list(self.unasked)
        due = 0.0
        while not self._stopping.is_set():
            if waiting and self.begin.is_set() and time.monotonic() >= due:
                os.write(fd, waiting.pop(0)[1])
                due = time.monotonic() + (waiting[0][0] if waiting else 3600.0)
            if not select.select([fd], [], [], 0.02)[0]:
                continue
            data = os.read(fd, 65_536)
            if not data:
                return
            heard = (heard + data)[-QUESTION_BYTES:]
            if answer := self._answer(heard):
                os.write(fd, answer)

    def _answer(self, heard: bytes) -> bytes:
        fitting = [at for at, (question, _) in enumerate(self.answers) if heard.endswith(question)]
        if not fitting:
            return b""
        at = next((one for one in fitting if one >= self._next), fitting[-1])
        self._next = max(self._next, at + 1)
        return self.answers[at][1]

    def let_go(self) -> None:
        self._stopping.set()


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
