"""What a technician ordered this device to do: each order once, over a crash too, and what became of it told until it was heard.

Holds the book on disk, the thread and the rules; what each kind does is handed in as a table. An order is written down as begun
before it is obeyed. One that ends this program (a restart, new settings) is judged by the next start; any other that a crash cut
off is told as interrupted and never repeated by itself: a technician who sees that orders it again.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from queue_server.client import Problem, Unreachable
from queue_server.contract.orders import MAX_FILE_BYTES

from .files import erase, put

Json = dict[str, Any]
KEPT = 200  # finished orders remembered, so that an old heartbeat's list begins nothing anew
LOOK_S = 1.0
LEAVING_S = 90.0  # how long an order that ends this program may take to do so


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an order. `leaving`: the next start of this program knows; `judge` is asked then."""

    ok: bool
    code: str = "done"
    detail: str = ""
    file: bytes = b""
    file_kind: str = ""
    leaving: bool = False


Act = Callable[[Mapping[str, Any]], Done]


@dataclass(frozen=True, slots=True)
class Kind:
    """`judge`: asked by the next start what became of it, with the arguments and whether the machine was started anew. `watched`: it may
    succeed without ending this program, so the judge is asked meanwhile too."""

    act: Act
    judge: Callable[[Mapping[str, Any], bool], Done] | None = None
    watched: bool = False


class Server(Protocol):
    def order_done(self, request_id: str, order: str, *, ok: bool, code: str, detail: str | None = None) -> Json: ...

    def order_file(self, order: str, content: bytes, kind: str) -> None: ...


@dataclass
class _Book:
    """`orders.json`: id → what is known of it, oldest first."""

    path: Path
    rows: dict[str, Json] = field(default_factory=dict)

    def read(self) -> None:
        try:
            told = json.loads(self.path.read_bytes())
            self.rows = {str(key): dict(row) for key, row in told.items()}
        except FileNotFoundError:
            self.rows = {}
        except (ValueError, TypeError, AttributeError):
            self.path.replace(self.path.with_suffix(".damaged"))  # a worn file must not stop a kiosk; the old one is kept to look at
            self.rows = {}

    def note(self, order: str, **fields: Any) -> None:
        self.rows[order] = {**self.rows.get(order, {}), **fields}
        told = [key for key, row in self.rows.items() if row.get("told")]
        for key in told[: max(0, len(self.rows) - KEPT)]:
            del self.rows[key]
        put(self.path, json.dumps(self.rows, ensure_ascii=False).encode(), 0o600)


class Orders:
    """`start` is this program's own start, `boot` the machine's. `soon`: the next heartbeat at once."""

    def __init__(
        self, folder: Path, server: Server, kinds: Mapping[str, Kind], *, start: str, boot: str, soon: Callable[[], None] = lambda: None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._server, self._kinds, self._start, self._boot, self._soon = folder, server, kinds, start, boot, soon
        self._book = _Book(folder / "orders.json")
        self._book.read()
        self._seen = set(self._book.rows)
        self._wanted: queue.Queue[Json | None] = queue.Queue()
        self._stopping = threading.Event()

    def threads(self) -> list[threading.Thread]:
        return [threading.Thread(target=self._run, name="orders", daemon=True)]

    def stop(self) -> None:
        self._stopping.set()
        self._wanted.put(None)

    def heard(self, answer: Mapping[str, Any]) -> None:
        """A heartbeat's answer. Also the moment to tell what no server took yet."""
        for order in answer.get("orders") or ():
            if isinstance(order, Mapping) and str(order.get("id")) not in self._seen:
                self._seen.add(str(order["id"]))
                self._wanted.put(dict(order))
        if any(row.get("state") == "done" and not row.get("told") for row in self._book.rows.copy().values()):
            self._wanted.put({})

    # ------------------------------------------------------------ the thread
    def _run(self) -> None:
        self._safely(self.resume)
        while (order := self._wanted.get()) is not None and not self._stopping.is_set():
            if order:
                self._safely(partial(self.obey, order))
            self._safely(self.tell)

    def _safely(self, work: Callable[[], None]) -> None:
        """A full or worn disk takes no notes: what was ordered is not begun, and a kiosk goes on giving numbers."""
        with contextlib.suppress(OSError):
            work()

    def resume(self) -> None:
        """What the last start began and did not end."""
        for key, row in list(self._book.rows.items()):
            if row.get("state") == "done":
                continue
            kind = self._kinds.get(str(row.get("kind")))
            if row.get("state") == "leaving" and kind and kind.judge:
                self._end(key, kind.judge(row.get("args") or {}, row.get("boot") != self._boot))
            else:
                self._end(key, Done(False, "interrupted", "cut off by a restart; nothing is repeated by itself"))
        self.tell()

    def obey(self, order: Mapping[str, Any]) -> None:
        key, name, args = str(order.get("id")), str(order.get("kind")), order.get("args") or {}
        kind = self._kinds.get(name)
        if kind is None or not isinstance(args, Mapping):
            self._book.note(key, kind=name, state="begun")
            self._end(key, Done(False, "unknown_order"))
            return
        state = "leaving" if kind.judge else "begun"
        self._book.note(key, kind=name, args=dict(args), state=state, start=self._start, boot=self._boot)
        try:
            done = kind.act(args)
        except Exception as broken:  # noqa: BLE001 - one order that fails in an unforeseen way must not end the others
            done = Done(False, "failed", type(broken).__name__)
        if not done.leaving:
            self._end(key, done)
        elif (stayed := self._stay(kind, args)) is not None:
            self._end(key, stayed)

    def _stay(self, kind: Kind, args: Mapping[str, Any]) -> Done | None:
        """What became of an order that should end this program; None where it did: the next start says what became of it."""
        for _ in range(round(LEAVING_S / LOOK_S)):
            if self._stopping.wait(LOOK_S):
                return None
            if kind.watched and kind.judge and (done := kind.judge(args, False)).ok:
                return done
        return kind.judge(args, False) if kind.judge and kind.watched else Done(False, "nothing_happened")

    def _end(self, key: str, done: Done) -> None:
        content = done.file[:MAX_FILE_BYTES]
        if content:
            put(self._file(key), content, 0o600)
        self._book.note(
            key, state="done", ok=done.ok, code=done.code, detail=done.detail[:500], file_kind=done.file_kind if content else ""
        )

    def tell(self) -> None:
        """Everything that is done and that no server heard of; the file before the word."""
        for key, row in list(self._book.rows.items()):
            if row.get("state") != "done" or row.get("told"):
                continue
            try:
                self._tell_one(key, row)
            except Unreachable:
                return  # the next heartbeat that gets an answer asks again
            except Problem as no:
                if no.status in (401, 403, 408, 429) or no.status >= 500:
                    return
                self._book.note(key, told=True, refused=no.code)
            erase(self._file(key))

    def _tell_one(self, key: str, row: Json) -> None:
        if row.get("file_kind"):
            with contextlib.suppress(FileNotFoundError):
                self._server.order_file(key, self._file(key).read_bytes(), row["file_kind"])
        self._server.order_done(f"order:{key}", key, ok=bool(row["ok"]), code=str(row["code"]), detail=str(row.get("detail") or "") or None)
        self._book.note(key, told=True)
        self._soon()

    def _file(self, key: str) -> Path:
        safe = "".join(letter for letter in key if letter.isalnum() or letter in "-_")[:64]
        return self._folder / f"order-{safe}.file"
