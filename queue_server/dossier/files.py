"""What the worker keeps on disk: its place in the log, a checkpoint of what it remembers, its days, and the refused records.

Every write is whole or not at all (temporary file, fsync, rename, fsync of the folder). The place moves last, after the
partner's answer, so that a crash at any moment only repeats what was already said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NEWEST = 20


def write_whole(path: Path, value: Any) -> None:
    """Replace a JSON file so that a reader finds the old or the new one, also after a power cut."""
    rest = path.with_suffix(".part")
    with open(rest, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    rest.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True)
class Place:
    """Where the worker stands: `position` is answered for, `checkpoint` names the file of what was remembered at
    `checkpoint_position` (None: begin from nothing); `site` whose log it is. `again`: rows that were told of never happened, so
    what counts instead is told before anything new. `newest`: the highest epoch that anything was told of."""

    position: str = "0"
    checkpoint: str | None = None
    checkpoint_position: str = "0"
    site: str | None = None
    again: bool = False
    newest: int = 1


class Damaged(Exception):
    """The state folder holds something that is not ours; a person must look at it."""


class State:
    """The state folder of one worker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._refused = folder / "refused.jsonl"
        # Read at the first question: `replay` opens the folder of a feed that may just be writing there.
        self._known: set[str] | None = None
        self._newest: tuple[dict[str, Any], ...] = ()

    def place(self) -> Place:
        path = self._folder / "cursor.json"
        if not path.exists():
            return Place()
        try:
            return Place(**json.loads(path.read_text("utf-8")))
        except (ValueError, TypeError) as bad:
            raise Damaged(f"{path} is not a cursor of this program: move the folder away to begin again from the first event") from bad

    def move(self, place: Place) -> None:
        write_whole(self._folder / "cursor.json", vars(place))

    def remember(self, position: str, feed: Mapping[str, Any]) -> str:
        """A checkpoint; it counts only once `move` has named it. Returns its name."""
        name = f"feed-{position}.json"
        write_whole(self._folder / name, feed)
        return name

    def remembered(self, name: str) -> Any:
        try:
            return json.loads((self._folder / name).read_text("utf-8"))
        except (OSError, ValueError) as bad:
            raise Damaged(f"{self._folder / name} cannot be read: move the folder away to begin again from the first event") from bad

    def tidy(self, keep: str | None) -> None:
        """Drop checkpoints that the cursor no longer names."""
        for path in self._folder.glob("feed-*.json"):
            if path.name != keep:
                path.unlink(missing_ok=True)

    # ------------------------------------------------------------ days, versions, going back
    def days(self) -> dict[str, Any]:
        """What was said of each day; nothing where no day was ever told."""
        return self._read("days.json")

    def keep_days(self, rows: Mapping[str, Any]) -> None:
        write_whole(self._folder / "days.json", rows)

    def floors(self) -> dict[str, Any]:
        """`{seq, versions}`: above which versions the records stand that events after `seq` make due."""
        return self._read("floors.json")

    def keep_floors(self, rows: Mapping[str, Any]) -> None:
        write_whole(self._folder / "floors.json", rows)

    def ask_back(self, after: str, anew: bool) -> None:
        """To be read by the worker, now or when it is started: go back to this place."""
        write_whole(self._folder / "replay.json", {"after": after, "anew": anew})

    def asked_back(self) -> dict[str, Any]:
        return self._read("replay.json")

    def went_back(self) -> None:
        (self._folder / "replay.json").unlink(missing_ok=True)
        sync_folder(self._folder)

    def _read(self, name: str) -> dict[str, Any]:
        path = self._folder / name
        if not path.exists():
            return {}
        try:
            found = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as bad:
            raise Damaged(f"{path} cannot be read: move it away, and the partner is told more than once") from bad
        return dict(found)

    # ------------------------------------------------------------ refused
    def set_aside(self, key: str, record: Mapping[str, Any], status: int, code: str, detail: str, at: str) -> None:
        """Keep a refused record with the partner's words; durable before the cursor moves on, and once only."""
        known = self._keys()
        if key in known:
            return
        row = {"key": key, "at": at, "status": status, "code": code, "detail": detail, "record": dict(record)}
        whole = self._refused.stat().st_size if self._refused.exists() else 0
        try:
            with open(self._refused, "a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError:  # a full disk: no half line may stand before the next one
            self._cut(whole)
            raise
        sync_folder(self._folder)
        known.add(key)
        self._newest = (*self._newest, row)[-NEWEST:]

    def refused_count(self) -> int:
        return len(self._keys())

    def newest_refused(self) -> tuple[dict[str, Any], ...]:
        """The last few, from memory: another thread may ask while the file is being written."""
        return self._newest

    def _keys(self) -> set[str]:
        if self._known is None:
            self._remember_refused(self.refused())
        return self._known if self._known is not None else set()

    def _remember_refused(self, rows: Sequence[dict[str, Any]]) -> None:
        self._known, self._newest = {row["key"] for row in rows}, tuple(rows[-NEWEST:])

    def refused(self) -> list[dict[str, Any]]:
        """The records set aside, oldest first. A last line cut short by a crash is dropped: its record will come again."""
        if not self._refused.exists():
            return []
        lines = self._refused.read_bytes().split(b"\n")
        if lines[-1]:
            self._cut(sum(len(line) + 1 for line in lines[:-1]))
        return [json.loads(line) for line in lines[:-1] if line]

    def settle(self, gone: AbstractSet[str], instead: Iterable[Mapping[str, Any]] = ()) -> None:
        """Drop rows that were taken after all, and put those that were refused again in their place."""
        new = {row["key"]: dict(row) for row in instead}
        rows = [row for row in self.refused() if row["key"] not in gone and row["key"] not in new]
        text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in (*rows, *new.values()))
        rest = self._refused.with_suffix(".part")
        with open(rest, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        rest.replace(self._refused)
        sync_folder(self._folder)
        self._remember_refused([*rows, *new.values()])

    def _cut(self, size: int) -> None:
        with open(self._refused, "r+b") as file:
            file.truncate(size)
            file.flush()
            os.fsync(file.fileno())
