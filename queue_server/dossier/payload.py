"""What a wait-time record says, and when one is due: pure, from the server's public events alone.

`Feed.take(event)` returns the records that this event makes due, in order. One record per step that ended; whenever
what a record would say has changed since it was last said (a correction, a readmission, a rating, a late dossier
code), it is due again with a higher `PhienBan`. Nothing in it names a person. Nothing is sent from here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from .fold import Step, Visit, advance, as_data, begin, from_data

VIETNAM = timezone(timedelta(hours=7))
# A correction can only be written while its ticket is remembered; a rating or a dossier code comes within days.
KEEP_DAYS = 14
# After a restore the log may tell steps again that the partner already has: versions of a later epoch stand above.
EPOCH_VERSIONS = 1000

CHANNELS = {"in_person": "truc_tiep", "online_help": "truc_tuyen", "post": "buu_chinh"}
REOPENED, VOID = "mo_lai", "vo_hieu"
OUTCOMES = {
    "done": "xong",
    "incomplete": "chua_du_ho_so",
    "referred": "huong_dan_noi_khac",
    "left": "bo_ve",
    "refused_service": "tu_choi",
    "not_needed": "khong_can",
    "no_show": "vang",
    "transferred": "chuyen_quay",
    "cancelled": "huy",
    "expired": "het_ngay",
    "carried": "sang_ngay",
    "moved": "chuyen_diem",
}
Record = dict[str, Any]


@dataclass(slots=True)
class Names:
    """What the events do not say of themselves: the agency's code, whether the site plays, and the field and first
    procedure of each service where they are known."""

    unit: str | None = None
    trial: bool = False
    fields: dict[str, str] = field(default_factory=dict)
    procedures: dict[str, str] = field(default_factory=dict)


def record_id(site: str, ticket: str, step: int) -> str:
    return f"{site}:{ticket}:{step}"


def idempotency_key(record: Mapping[str, Any]) -> str:
    """`record_id:PhienBan`: the same for every sending of the same version."""
    return f"{record['MaBanGhi']}:{record['PhienBan']}"


def moment(at_ms: int | None) -> str | None:
    """RFC 3339 in Vietnamese time."""
    if at_ms is None:
        return None
    whole, thousandths = divmod(at_ms, 1000)
    stamp = datetime.fromtimestamp(whole, UTC).astimezone(VIETNAM) + timedelta(milliseconds=thousandths)
    return stamp.isoformat(timespec="milliseconds" if thousandths else "seconds")


def content(site: str, visit: Visit, step: Step, names: Names) -> Record:
    """What a record says of a step, without its version and place in the log."""
    codes = [visit.dossier_code, *(entry.get("dossier_code") for entry in step.procedures)]
    dossiers = list(dict.fromkeys(code for code in codes if code))
    procedure = next((entry["code"] for entry in step.procedures if entry.get("code")), names.procedures.get(step.service))
    served = None if step.started_at is None or step.ended_at is None else step.ended_at - step.started_at - step.held_ms
    # Nobody observed when: what lies between instants of the telling is no duration.
    wait, served = (None, None) if step.entered_late else (step.wait_ms, served)
    outcome = OUTCOMES.get(step.outcome or "", step.outcome) if step.ended_at is not None else REOPENED
    return {
        "MaBanGhi": record_id(site, visit.ticket, step.n),
        "MaDonVi": names.unit,
        "MaDiemTiepNhan": site,
        "NgayLamViec": visit.business_day,
        "MaLuot": visit.ticket,
        "BuocThu": step.n,
        "SoThuTu": visit.label,
        "MaQuay": step.counter,
        "MaLinhVuc": names.fields.get(step.service, step.service),
        "MaTTHC": procedure,
        "SoHoSo": max(step.quantity, len(dossiers)),
        "DanhSachMaHoSo": dossiers,
        "KenhThucHien": CHANNELS.get(visit.channel, visit.channel),
        "LoaiUuTien": step.priority,
        "ThoiDiemLaySo": moment(visit.issued_at),
        "ThoiDiemGoi": moment(step.first_called_at),
        "ThoiDiemBatDau": moment(step.started_at),
        "ThoiDiemKetThuc": moment(step.ended_at),
        "ThoiGianChoGiay": None if wait is None else wait // 1000,
        "ChoTruocGioMoGiay": step.before_opening_ms // 1000,
        "ChoQuaNghiGiay": step.over_breaks_ms // 1000,
        "ThoiGianPhucVuGiay": None if served is None else max(0, served) // 1000,
        "BatDauSuyRa": step.start_inferred or step.entered_late,
        "DongTuDong": step.machine_closed,
        "KetQuaLuot": VOID if visit.voided else outcome,
        "MucDoHaiLong": visit.rating if step.n == visit.steps[-1].n else None,
        "DuLieuThuNghiem": names.trial,
    }


def _digest(said: Record) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(slots=True)
class Floors:
    """Versions that were said in no event's name (a record sent again, a log told anew): what an event after `seq` makes due
    stands above them, also where the memory was begun again."""

    seq: int = 0
    versions: Mapping[str, int] = field(default_factory=dict)

    def of(self, key: str, seq: int) -> int:
        return self.versions.get(key, 0) if seq > self.seq else 0


class Feed:
    """The fold over one site's events: what is remembered, and which records are due."""

    def __init__(self, names: Names | None = None, visits: dict[str, Visit] | None = None, floors: Floors | None = None) -> None:
        self.names, self.floors = names or Names(), floors or Floors()
        self.visits = visits if visits is not None else {}
        self.forgotten = 0  # events on tickets that are no longer remembered

    def take(self, event: Mapping[str, Any]) -> list[Record]:
        """The records that this event makes due."""
        kind, ticket = event["type"], event.get("ticket")
        if kind in ("issued", "arrived") and ticket:
            self.visits[ticket] = begin(event)
            self._forget(event["business_day"])
            return []
        visit = self.visits.get(ticket or "")
        if visit is None:
            self.forgotten += 1 if ticket else 0
            return []
        before = visit.steps
        advance(visit, event)
        # A step that an undone command took away altogether is said to be open again, once.
        gone = [step for step in before if all(step.n != left.n for left in visit.steps)]
        for step in gone:
            step.ended_at = None
        return [record for step in (*visit.steps, *gone) if (record := self._due(visit, step, event)) is not None]

    def _due(self, visit: Visit, step: Step, event: Mapping[str, Any]) -> Record | None:
        _, digest, over = visit.sent.get(str(step.n), [0, "", False])
        # Until it first ends a step has no record, and one that was reopened is told so only once.
        if step.ended_at is None and not over:
            return None
        said = content(event["site"], visit, step, self.names)
        if _digest(said) == digest:
            return None
        return self._said(visit, step, said, event["epoch"], event["seq"])

    def _said(self, visit: Visit, step: Step, said: Record, epoch: int, seq: int) -> Record:
        """The next version of what was said of a step, remembered."""
        known = self.floors.of(said["MaBanGhi"], seq)
        version = max(visit.sent.get(str(step.n), [0])[0], EPOCH_VERSIONS * (epoch - 1), known) + 1
        visit.sent[str(step.n)] = [version, _digest(said), step.ended_at is not None]
        return {**said, "KyNhatKy": epoch, "ThuTuNhatKy": seq, "PhienBan": version}

    def again(self, site: str, epoch: int, seq: int) -> list[Record]:
        """Everything that counts up to here, above all that was said before: the partner was told of rows that never happened."""
        told = [(visit, step) for visit in self.visits.values() for step in visit.steps if str(step.n) in visit.sent]
        return [self._said(visit, step, content(site, visit, step, self.names), epoch, seq) for visit, step in told]

    def refreshed(self, old: Mapping[str, Any], seq: int) -> Record | None:
        """The newest version of a record, as it would be said today: the names may have been put right since. None where its
        ticket is no longer remembered."""
        visit = self.visits.get(str(old["MaLuot"]))
        step = next((each for each in visit.steps if each.n == old["BuocThu"]), None) if visit else None
        if visit is None or step is None or str(step.n) not in visit.sent:
            return None
        said = content(str(old["MaDiemTiepNhan"]), visit, step, self.names)
        version, digest, _ = visit.sent[str(step.n)]
        if _digest(said) == digest and version == old["PhienBan"]:
            return dict(old)
        if _digest(said) == digest:
            return {**said, "KyNhatKy": old["KyNhatKy"], "ThuTuNhatKy": old["ThuTuNhatKy"], "PhienBan": version}
        return {**self._said(visit, step, said, int(old["KyNhatKy"]), seq), "ThuTuNhatKy": old["ThuTuNhatKy"]}

    def versions(self, site: str) -> dict[str, int]:
        """The highest version said of each record that is remembered."""
        return {record_id(site, visit.ticket, int(n)): row[0] for visit in self.visits.values() for n, row in visit.sent.items()}

    def _forget(self, today: str) -> None:
        oldest = (date.fromisoformat(today) - timedelta(days=KEEP_DAYS)).isoformat()
        first = next(iter(self.visits.values()), None)
        if first is not None and first.business_day < oldest:
            self.visits = {key: visit for key, visit in self.visits.items() if visit.business_day >= oldest}

    def as_data(self) -> dict[str, Any]:
        """Plain JSON values, to go on from here later; the names are told anew each time."""
        return {"visits": [as_data(visit) for visit in self.visits.values()]}

    @staticmethod
    def from_data(row: Mapping[str, Any], names: Names | None = None, floors: Floors | None = None) -> Feed:
        """The feed from `as_data`."""
        return Feed(names, {visit["ticket"]: from_data(visit) for visit in row["visits"]}, floors)
