"""The day report as tables with Vietnamese heads: the one form that the page, the workbook, the CSV and the e-mail are made from.

Pure. Cells are whole numbers, texts or nothing; durations stay seconds here and are put into words only by whoever shows them to a
person. Nothing is counted or averaged: every figure is one that `GET /metrics/day` gives too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Cell = int | str | None
WORDS, COUNT, SECONDS, PERMILLE = "words", "count", "seconds", "permille"

CHANNELS = {"in_person": "Trực tiếp tại quầy", "online_help": "Được giúp nộp trực tuyến", "post": "Qua bưu chính"}
MARKS = {"full": "Trực tuyến toàn trình", "partial": "Trực tuyến một phần", "no_form": "Chưa có biểu mẫu điện tử"}
NOT_MARKED = "Chưa đánh dấu"
UNCALLED = "Chưa gọi"


@dataclass(frozen=True, slots=True)
class Column:
    """`unit` says what a number is: a count, seconds, or thousandths of a share."""

    name: str
    unit: str = COUNT


@dataclass(frozen=True, slots=True)
class Table:
    """`key` is stable and ASCII; `note` stands under the table."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def tables(report: Mapping[str, Any]) -> list[Table]:
    """Every table of a report, in reading order; those of things that did not happen are there and empty."""
    figures, names = report["figures"], report["names"]
    targets = [share["target_s"] for share in figures["shares"]]
    columns = _columns(targets)
    whole = _row("Cả ngày", {**figures["counts"], **figures})
    return [
        Table("day", "Cả ngày", columns, (whole,)),
        Table("service", "Theo việc", columns, _rows(figures["by_service"], names["services"])),
        Table("counter", "Theo quầy", columns, _in_order(figures["by_counter"], names["counters"] | {"-": UNCALLED})),
        Table("channel", "Theo kênh", columns, _rows(figures["by_channel"], CHANNELS)),
        Table("half_hour", "Theo giờ lấy số", columns, _rows(figures["by_half_hour"], {})),
        _online(report["online"], names["services"]),
        _outages(report["outages"], names["systems"]),
        _outliers(report["outliers"]),
    ]


def _columns(targets_s: Iterable[int]) -> tuple[Column, ...]:
    return (
        Column("Mục", WORDS), Column("Lấy số"), Column("Đã gọi"), Column("Xong"), Column("Vắng mặt"), Column("Về khi chưa gọi"),
        Column("Lượt chờ"), Column("Chờ trung bình", SECONDS), Column("Một nửa chờ dưới", SECONDS), Column("90% chờ dưới", SECONDS),
        Column("Chờ lâu nhất", SECONDS), *(Column(f"Trong {each // 60} phút", PERMILLE) for each in targets_s),
        Column("Phục vụ trung bình", SECONDS),
    )  # fmt: skip


def _row(name: str, found: Mapping[str, Any]) -> tuple[Cell, ...]:
    wait = found["wait"]
    return (
        name, found["issued"] + found["arrived"], found["called"], found["served"], found["no_show"], found["abandoned"],
        wait["n"], wait["mean_s"], wait["p50_s"], wait["p90_s"], wait["max_s"], *(share["permille"] for share in found["shares"]),
        found["service_time"]["mean_s"],
    )  # fmt: skip


def _rows(table: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> tuple[tuple[Cell, ...], ...]:
    """Busiest first where rows have names, in order where they are hours."""
    found = [_row(names.get(code, code), row) for code, row in table.items()]
    return tuple(sorted(found, key=lambda row: -int(row[1] or 0)) if names else found)


def _in_order(table: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> tuple[tuple[Cell, ...], ...]:
    """In the order of the house, and what it no longer has at the end."""
    places = {code: n for n, code in enumerate(names)}
    return tuple(_row(names.get(code, code), table[code]) for code in sorted(table, key=lambda code: places.get(code, len(places))))


def _online(online: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    rows = [(MARKS[mark], "", online[mark]) for mark in MARKS] + [(NOT_MARKED, "", online["not_marked"])]
    rows += [(MARKS[each["mark"]], names.get(each["code"], each["code"]), each["visits"]) for each in online["by_code"]]
    note = f"Trong {online['visits']} lượt đã gọi, theo thủ tục cán bộ ghi, không ghi thì theo việc. Đánh dấu ở mục online của cấu hình."
    columns = (Column("Mức trực tuyến", WORDS), Column("Việc, thủ tục", WORDS), Column("Lượt"))
    return Table("online", "Có thể đã làm trực tuyến", columns, tuple(rows), note)


def _outages(found: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    columns = (
        Column("Hệ thống", WORDS), Column("Gián đoạn trong giờ mở cửa", SECONDS), Column("Lượt bị ảnh hưởng"), Column("Lượt chờ"),
        Column("Chờ trung bình", SECONDS),
    )  # fmt: skip
    rows = [
        ("Tất cả" if code == "*" else names.get(code, code), one["out_open_s"], one["visits"], one["wait"]["n"], one["wait"]["mean_s"])
        for code, one in sorted(found.items())
    ]
    return Table("outages", "Hệ thống ngoài gián đoạn", columns, tuple(rows), "Các lượt này vẫn nằm trong số liệu chung ở trên.")


def _outliers(found: Sequence[Mapping[str, Any]]) -> Table:
    rows = tuple((each["text"]["vi"], ", ".join(each["labels"][:12]), each["count"]) for each in found)
    columns = (Column("Việc", WORDS), Column("Các số", WORDS), Column("Lần"))
    return Table("outliers", "Cần để ý", columns, rows, "Đếm theo nhật ký, không kết luận về ai.")


def of_days(span: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> list[Table]:
    """The tables of several days added up, and each day's own; days on which nobody came are left out."""
    columns = _columns(share["target_s"] for share in span["shares"])
    days = tuple(_row(row["date"], row) for row in span["days"] if row["issued"] + row["arrived"])
    return [
        Table("whole", "Cả thời gian", columns, (_row("Cả thời gian", {**span["counts"], **span}),)),
        Table("days", "Từng ngày", columns, days),
        Table("service", "Theo việc", columns, _rows(span["by_service"], names["services"])),
        Table("counter", "Theo quầy", columns, _in_order(span["by_counter"], {**names["counters"], "-": UNCALLED})),
        Table("channel", "Theo kênh", columns, _rows(span["by_channel"], CHANNELS)),
        Table("half_hour", "Theo giờ lấy số", columns, _rows(span["by_half_hour"], {})),
    ]


def facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Which place, which day, and where the figures come from."""
    return [("Điểm tiếp nhận", f"{report['site_name']} ({report['site']})"), ("Ngày", report["date"]), *origin(report)]


def origin(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where the figures come from, so that anybody can make them again and compare."""
    figures = report["figures"]
    state = f"bản {figures['version']}, ngày đã khoá sổ" if figures["closed"] else "tạm tính, ngày chưa khoá sổ"
    return [
        ("Số liệu", state),
        ("Vị trí nhật ký", str(figures["position"])),
        ("Quy tắc tính", f"phiên bản {figures['rules']}"),
        ("Mã kiểm (SHA-256)", str(figures["digest"])),
        ("Tính lại bằng", f"toiluot server audit --day {report['date']} --db URL"),
        ("Lập lúc", str(report["made_at"])),
    ]
