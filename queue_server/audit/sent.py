"""The records that the dossier system took, held against those that the log yields, worked out a second time.

Shares no code with `queue_server.dossier`, on purpose. Done differently: after every event the ticket is read again from
its first one, undone events struck out, and a version is due wherever a step's words differ from those said before.
What was taken comes from a file: the audit asks no partner.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from queue_server.audit import plain
from queue_server.audit.compare import by_ticket, read_log

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

Record = dict[str, Any]
LOCAL = timezone(timedelta(hours=7))
# As docs/dossier-feed.md has them; copied by hand, because a wrong word in the feed's own table must not be repeated.
WORDS = {
    "done": "xong", "incomplete": "chua_du_ho_so", "referred": "huong_dan_noi_khac", "left": "bo_ve", "refused_service": "tu_choi",
    "not_needed": "khong_can", "no_show": "vang", "transferred": "chuyen_quay", "cancelled": "huy", "expired": "het_ngay",
    "carried": "sang_ngay",
    "moved": "chuyen_diem",
}  # fmt: skip
CHANNELS = {"in_person": "truc_tiep", "online_help": "truc_tuyen", "post": "buu_chinh"}
TRIALS = ("training", "demo")


class Unreadable(ValueError):
    """The file is no list of records; the text says what is wanted."""


def load(path: Path) -> list[Record]:
    """The versions in a file: JSON lines or `{"records": […]}`. A line of the feed's `refused.jsonl` counts as said too."""
    text = path.read_text("utf-8")
    try:
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        try:
            rows = [json.loads(text)]
        except ValueError as bad:
            raise Unreadable(f"{path}: neither JSON lines nor one JSON object ({bad})") from bad
    if len(rows) == 1 and isinstance(rows[0], dict) and isinstance(rows[0].get("records"), list):
        rows = rows[0]["records"]
    found = [row.get("record", row) if isinstance(row, dict) else row for row in rows]
    for n, row in enumerate(found, 1):
        if not isinstance(row, dict) or not isinstance(row.get("MaBanGhi"), str) or not isinstance(row.get("PhienBan"), int):
            raise Unreadable(f"{path}: entry {n} is no record (MaBanGhi and PhienBan are wanted)")
    return found


def findings(reader: Reader, site: str, taken: Iterable[Record], names: Mapping[str, Any]) -> list[str]:
    """Where what was taken of this site is not what its log yields. `names` is the feed's own NAMES.json."""
    mine = [record for record in taken if record.get("MaDiemTiepNhan") == site]
    row = reader.site(site)
    trial = row is not None and row["kind"] in TRIALS
    due = {(r["MaBanGhi"], r["PhienBan"]): r for r in due_records(read_log(reader, site), names, trial)}
    return [*_each(mine, due), *_missing(mine, due), *_order(mine)]


def _each(taken: list[Record], due: Mapping[tuple[str, int], Record]) -> Iterator[str]:
    times = Counter((record["MaBanGhi"], record["PhienBan"]) for record in taken)
    for (key, version), count in times.items():
        if count > 1:
            yield f"sent-twice: {key} version {version} was taken {count} times"
    for record in taken:
        name = f"{record['MaBanGhi']} version {record['PhienBan']}"
        want = due.get((record["MaBanGhi"], record["PhienBan"]))
        if want is None:
            yield f"sent-unasked: {name} does not follow from the log"
            continue
        for field in sorted({*want, *record}):
            if record.get(field) != want.get(field):
                yield f"sent-{field}: {name} says {record.get(field)!r}, {want.get(field)!r} by the log"


def _missing(taken: list[Record], due: Mapping[tuple[str, int], Record]) -> Iterator[str]:
    had = {(record["MaBanGhi"], record["PhienBan"]) for record in taken}
    for (key, version), want in due.items():
        if (key, version) not in had:
            yield f"sent-missing: {key} version {version} ({want['SoThuTu']}) is due since row {want['ThuTuNhatKy']} and was not taken"


def _order(taken: list[Record]) -> Iterator[str]:
    last: dict[str, int] = {}
    for record in taken:
        key, version = record["MaBanGhi"], record["PhienBan"]
        if version < last.get(key, 0):
            yield f"sent-order: {key} version {version} was taken after version {last[key]}"
        last[key] = version


# ---------------------------------------------------------------- what the log yields
def due_records(log: list[dict[str, Any]], names: Mapping[str, Any], trial: bool) -> Iterator[Record]:
    """Every version of every record, ticket by ticket."""
    for ticket, events in by_ticket(log).items():
        if events[0]["type"] in ("issued", "arrived"):
            yield from _of_ticket(ticket, events, names, trial)


def _of_ticket(ticket: str, events: list[dict[str, Any]], names: Mapping[str, Any], trial: bool) -> Iterator[Record]:
    said: dict[int, tuple[int, Record, bool]] = {}  # step: version, words, whether they said that it is over
    for end, event in enumerate(events, 1):
        words = _words(ticket, events[:end], names) if event["type"] not in ("issued", "arrived") else []
        for n, each in enumerate(words, 1):
            over = each["ThoiDiemKetThuc"] is not None
            version, before, was_over = said.get(n, (0, {}, False))
            if (over or was_over) and each != before:
                version = max(version, 1000 * (event["epoch"] - 1)) + 1
                said[n] = (version, each, over)
                log = {"KyNhatKy": event["epoch"], "ThuTuNhatKy": event["seq"], "PhienBan": version, "DuLieuThuNghiem": trial}
                yield each | log


def _words(ticket: str, events: list[dict[str, Any]], names: Mapping[str, Any]) -> list[Record]:
    """What there is to say of each step after these events."""
    read, kept = plain.read_ticket(events), plain.still_true(events)
    begun, more = kept[0], _aside(kept)
    rating = next((e["data"]["stars"] for e in reversed(kept) if e["type"] == "rated"), None)
    void = any(e["type"] == "voided" for e in kept)
    common = {
        "MaDonVi": names.get("unit"), "MaDiemTiepNhan": begun["site"], "NgayLamViec": begun["data"]["business_day"], "MaLuot": ticket,
        "SoThuTu": begun["label"], "KenhThucHien": CHANNELS[begun["data"].get("channel", "in_person")],
        "ThoiDiemLaySo": _moment(begun["data"]["issued_at"]),
    }  # fmt: skip
    found = []
    for n, (step, aside) in enumerate(zip(read["steps"], more, strict=True), 1):
        outcome = "mo_lai" if step["ended_at"] is None else WORDS[step["outcome"]]
        last = n == len(more)
        found.append(
            common | _step_words(step, aside, begun["data"].get("dossier_code"), names) | {
                "MaBanGhi": f"{begun['site']}:{ticket}:{n}", "BuocThu": n, "KetQuaLuot": "vo_hieu" if void else outcome,
                "MucDoHaiLong": rating if last else None,
            }
        )  # fmt: skip
    return found


def _step_words(step: Mapping[str, Any], aside: Mapping[str, Any], own_dossier: str | None, names: Mapping[str, Any]) -> Record:
    dossiers: list[str] = []
    for code in (own_dossier, *(entry.get("dossier_code") for entry in aside["procedures"])):
        if code and code not in dossiers:
            dossiers.append(code)
    procedures = [entry["code"] for entry in aside["procedures"] if entry.get("code")]
    called, started, ended, service = step["first_called_at"], step["started_at"], step["ended_at"], step["service"]
    unseen, unserved = called is None or step["late"], None in (started, ended) or step["late"]
    return {
        "MaQuay": step["counter"], "MaLinhVuc": names.get("fields", {}).get(service, service),
        "MaTTHC": procedures[0] if procedures else names.get("procedures", {}).get(service),
        "SoHoSo": max(aside["quantity"], len(dossiers)), "DanhSachMaHoSo": dossiers, "LoaiUuTien": aside["class"],
        "ThoiDiemGoi": _moment(called), "ThoiDiemBatDau": _moment(started), "ThoiDiemKetThuc": _moment(ended),
        "ThoiGianChoGiay": None if unseen else max(0, called - step["available_from"]) // 1000,
        "ChoTruocGioMoGiay": step["before_opening_ms"] // 1000, "ChoQuaNghiGiay": step["over_breaks_ms"] // 1000,
        "ThoiGianPhucVuGiay": None if unserved else max(0, ended - started - step["away_ms"]) // 1000,
        "BatDauSuyRa": step["inferred"] or step["late"], "DongTuDong": step["machine"],
    }  # fmt: skip


def _aside(kept: list[plain.Row]) -> list[dict[str, Any]]:
    """Class, quantity and procedures of each step: those that were in force while it was the last one."""
    data = kept[0]["data"]
    steps = [{"class": data.get("priority_class"), "quantity": data.get("quantity", 1), "procedures": []}]
    for event in kept[1:]:
        data, step = event["data"], steps[-1]
        if event["type"] == "amended":
            step["class"], step["quantity"] = data["to"].get("priority_class", step["class"]), data["to"].get("quantity", step["quantity"])
        if event["type"] == "priority_refused":
            step["class"] = None
        if event["type"] == "annotated" and data.get("procedures") is not None:
            step["procedures"] = data["procedures"]
        if data.get("dossier_code"):
            step["procedures"] = [*step["procedures"], {"dossier_code": data["dossier_code"]}]
        if event["type"] in ("transferred", "carried"):
            steps.append(dict(step) | {"procedures": []})
        if event["type"] == "transferred" and "quantity" in data:
            step["quantity"], steps[-1]["quantity"] = max(1, step["quantity"] - data["quantity"]), data["quantity"]
    return steps


def _moment(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    stamp = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    return stamp.astimezone(LOCAL).isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds")
