"""What the aggregate of a day says, and which days are due: pure, from `/metrics/day` and the server's public events.

The figures are the server's own: nothing is computed here a second time, they are only given the feed's names. A day is due
once it is over, and again whenever an event touched one of its visits and the figures then differ from what was last said.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from queue_server.contract import position

from .payload import EPOCH_VERSIONS, Names

COUNTS = {
    "SoLuotPhatSo": "issued",
    "SoLuotChuyenDen": "arrived",
    "SoLuotDuocGoi": "called",
    "SoLuotXong": "served",
    "SoLuotVang": "no_show",
    "SoLuotHuy": "cancelled",
    "SoLuotHetNgay": "expired",
    "SoLuotChuyenDiem": "moved",
    "SoLanGoiLai": "recalls",
    "SoLanChuyenQuay": "transfers",
    "SoLuotMayDong": "machine_closed",
    "SoLuotNhapSau": "entered_late",
    "SoLuotVoHieu": "voided",
    "SoLuotUuTien": "priority",
}
SPREADS = {"Cho": "wait", "ChoTruocGioMo": "before_opening", "ChoQuaNghi": "over_breaks", "PhucVu": "service_time"}
UNDATED = ("PhienBan", "KyNhatKy", "ThuTuNhatKy")  # where and when it was said, not what
Figures = Mapping[str, Any]


@dataclass(slots=True)
class Told:
    """How a day stands: `dirty` touched since it was last looked at, `over` its close was seen, what was last said, and
    whether that is to be said `again` though it is the same."""

    dirty: bool = False
    over: bool = False
    version: int = 0
    digest: str = ""
    again: bool = False


def content(site: str, figures: Figures, names: Names) -> dict[str, Any]:
    """The aggregate without its version and place in the log."""
    counts = figures["counts"]
    return {
        "MaDonVi": names.unit,
        "MaDiemTiepNhan": site,
        "NgayLamViec": figures["date"],
        **{name: counts.get(theirs, 0) for name, theirs in COUNTS.items()},
        **{name: _spread(figures[theirs]) for name, theirs in SPREADS.items()},
        "TheoViec": [_service(code, row, names) for code, row in sorted(figures.get("by_service", {}).items())],
        "MaKiemSoLieu": figures.get("digest"),
        "DuLieuThuNghiem": names.trial,
    }


def _spread(row: Mapping[str, Any]) -> dict[str, Any]:
    """Number, exact sum, and the figures that a page shows."""
    shown = {"TrungBinhGiay": "mean_s", "TrungViGiay": "p50_s", "P90Giay": "p90_s", "P95Giay": "p95_s"}
    return {"SoBuoc": row["n"], "TongMiliGiay": row["sum_ms"], **{name: row.get(theirs) for name, theirs in shown.items()}}


def _service(code: str, row: Mapping[str, Any], names: Names) -> dict[str, Any]:
    counts = row.get("counts", row)
    found = {name: counts.get(theirs, 0) for name, theirs in COUNTS.items()}
    return {"MaViec": code, "MaLinhVuc": names.fields.get(code, code), **found}


def digest(said: Mapping[str, Any]) -> str:
    """Of what was said, whenever it was."""
    kept = {name: value for name, value in said.items() if name not in UNDATED}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


class Days:
    """The days of one site: which are to be looked at, and what was last said of each."""

    def __init__(self, rows: Mapping[str, Any] | None = None) -> None:
        self._days = {day: Told(**row) for day, row in (rows or {}).items()}

    def as_data(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {day: asdict(told) for day, told in self._days.items()}

    def touch(self, event: Mapping[str, Any], visit_day: str | None) -> bool:
        """Let one event in; true where it changed what is to be done."""
        kind, day = event["type"], str(event["business_day"])
        if kind == "day.closed":
            closed = str(event["data"].get("day", day))
            told = self._days.setdefault(closed, Told())
            changed, told.over = not told.over, True
            return self._mark(closed) or changed
        if not (kind.startswith("counter.") or event.get("ticket")):
            return False
        marked = self._mark(day)
        return (visit_day is not None and visit_day != day and self._mark(visit_day)) or marked

    def _mark(self, day: str) -> bool:
        told = self._days.setdefault(day, Told())
        changed, told.dirty = not told.dirty, True
        return changed

    def due(self) -> list[str]:
        """Days that are over and were touched: closed, or older than the newest day that anything happened on."""
        newest = max(self._days, default="")
        return [day for day, told in sorted(self._days.items()) if told.dirty and (told.over or day < newest)]

    def forget(self, keep: int) -> None:
        """Days long past that have been told: their visits are remembered no more."""
        for day in sorted(self._days)[:-keep]:
            if not self._days[day].dirty:
                del self._days[day]

    def message(self, site: str, figures: Figures, names: Names) -> dict[str, Any] | None:
        """What is to be said of a day; None where that was said already. The version stands above every one before it."""
        told, said = self._days[figures["date"]], content(site, figures, names)
        same = digest(said) == told.digest and told.version > 0
        if same and not told.again:
            return None
        at = position.decode(str(figures["position"]))
        version = told.version if same else max(told.version, EPOCH_VERSIONS * ((at.epoch or 1) - 1)) + 1
        return {**said, "PhienBan": version, "KyNhatKy": at.epoch or 1, "ThuTuNhatKy": at.seq}

    def said(self, day: str, message: Mapping[str, Any] | None) -> None:
        """The partner answered for it, or there was nothing new to say."""
        told = self._days[day]
        told.dirty = told.again = False
        if message is not None:
            told.version, told.digest = int(message["PhienBan"]), digest(message)

    def doubt(self) -> None:
        """All that are known are looked at once more."""
        for told in self._days.values():
            told.dirty = True

    def again(self, *, anew: bool = False) -> None:
        """All that are known are told once more, the same under the same version; `anew` under one above."""
        for told in self._days.values():
            told.dirty = told.again = True
            told.digest = "" if anew else told.digest
