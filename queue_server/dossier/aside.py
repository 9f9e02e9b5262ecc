"""What a partner would not take: kept with its words, counted, and sent again when a person asks for it.

A record that is sent again says what it would say today, under a version above the last one where that differs: the names of
fields and procedures may have been put right since. Asking twice sends nothing twice: what was taken is no longer here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from queue_server.contract import times
from toiluot_edge import Clock, mask

from .adapters import Adapter, Refusal, Result
from .files import State
from .payload import Record, idempotency_key

AT_ONCE = 100
Row = dict[str, Any]


class Aside:
    """The records and days of one worker that were refused."""

    def __init__(self, state: State, clock: Clock, log: Any) -> None:
        self._state, self._clock, self._log = state, clock, log

    def count(self) -> int:
        return self._state.refused_count()

    def newest(self) -> list[Row]:
        """The last few, for the manager's page: which, when, why. Never what the record says."""
        rows = self._state.newest_refused()
        return [{"key": row["key"], "at": row["at"], "status": row["status"], "code": row["code"], "detail": row["detail"]} for row in rows]

    def put(self, key: str, said: Mapping[str, Any], status: int, code: str, detail: str) -> None:
        row = self._row(key, said, status, code, detail)
        self._state.set_aside(key, said, status, code, row["detail"], row["at"])
        self._log.warning("record set aside", record=key, status=status, code=code, partner_says=row["detail"])

    def put_record(self, record: Record, status: int, code: str, detail: str) -> None:
        self.put(idempotency_key(record), record, status, code, detail)

    def wanted(self, key: str | None) -> list[Row]:
        """The rows that are to be sent again."""
        return [row for row in self._state.refused() if key in (None, row["key"])]

    def send(self, rows: Sequence[Row], adapter: Adapter, fresh: Callable[[Row], Record]) -> tuple[int, int]:
        """Send these again; how many were taken and how many refused. Raises `Wait` where nobody answers: the rest stays."""
        taken = refused = 0
        for start in range(0, len(rows), AT_ONCE):
            part = [(row, fresh(row) if "MaLuot" in row["record"] else dict(row["record"])) for row in rows[start : start + AT_ONCE]]
            results = self._results(part, adapter)
            gone = {row["key"] for (row, _), result in zip(part, results, strict=True)}
            again = [
                self._row(_key(said), said, status, result.code, result.detail)
                for (_, said), (status, result) in zip(part, results, strict=True)
                if result.status == "refused"
            ]
            self._state.settle(gone, again)
            refused += len(again)
            taken += len(gone) - len(again)
        return taken, refused

    def _results(self, part: Sequence[tuple[Row, Record]], adapter: Adapter) -> list[tuple[int, Result]]:
        """One result per row; a batch that is refused as a whole is asked one by one."""
        records = [said for _, said in part if "MaLuot" in said]
        if len(records) == len(part) and len({said["MaBanGhi"] for said in records}) == len(records):
            try:
                return [(200, result) for result in adapter.deliver(records)]
            except Refusal:
                pass
        return [_one(said, adapter) for _, said in part]

    def _row(self, key: str, said: Mapping[str, Any], status: int, code: str, detail: str) -> Row:
        at = times.encode(self._clock.wall_ms())
        return {"key": key, "at": at, "status": status, "code": code, "detail": mask(detail), "record": dict(said)}


def _key(said: Mapping[str, Any]) -> str:
    return idempotency_key(said) if "MaLuot" in said else f"{said['MaDiemTiepNhan']}:{said['NgayLamViec']}:{said['PhienBan']}"


def _one(said: Record, adapter: Adapter) -> tuple[int, Result]:
    try:
        if "MaLuot" in said:
            return 200, adapter.deliver([said])[0]
        adapter.day(said["MaDiemTiepNhan"], said["NgayLamViec"], said)
        return 200, Result("", "accepted")
    except Refusal as refusal:
        return refusal.status, Result("", "refused", refusal.code, refusal.detail)
