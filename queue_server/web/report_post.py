"""The day report by e-mail: what is owed is in the log (`services.reporting`), here is the letter and when to try again.

A mail server that is away for days loses nothing: the report is made anew from the log at every try, so that it also has what was
corrected meanwhile. One try each; the thread is `alert_watch`'s.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from queue_server.services import queries, reporting
from queue_server.web.alert_settings import ReportMail
from queue_server.web.alert_ways import NotDelivered
from queue_server.web.house import House
from queue_server.web.pages import report_files, words
from queue_server.web.pages.report import file_name
from queue_server.web.pages.report_view import percent

AGAIN_S = (60.0, 300.0, 1800.0, 3600.0)  # and then every hour, for a month
WAY = "mail"
MAKE = {
    "html": (report_files.as_html, report_files.HTML),
    "xlsx": (report_files.as_xlsx, report_files.XLSX),
    "csv": (report_files.as_csv, report_files.CSV),
}


@dataclass(slots=True)
class _Try:
    tries: int = 0
    due_s: float = 0.0


class ReportPost:
    """What one process remembers of its tries."""

    def __init__(self, house: House, settings: ReportMail, stopped: threading.Event) -> None:
        self._house, self._settings, self._stopped = house, settings, stopped
        self._tries: dict[tuple[str, str], _Try] = {}

    def site(self, site: str) -> None:
        """Every report that a site owes, each tried once."""
        now = self._house.clock.wall_ms()
        with self._house.store.read() as reader:
            owed = reporting.due(reader, site, WAY, now=now)
        for day, wanted in owed:
            if self._stopped.is_set():
                return
            if not wanted:
                reporting.want(self._house.store, site, day, WAY)
            self._one(site, day, now)

    def _one(self, site: str, day: str, now: int) -> None:
        state, now_s = self._tries.setdefault((site, day), _Try()), self._house.clock.monotonic()
        if now_s < state.due_s:
            return
        state.tries += 1
        with self._house.store.read() as reader:
            report = reporting.of_day(reader, site, day, now=now)
            offset = queries.house(reader, site)[1].utc_offset_min
        try:
            self._settings.mail.post(letter(report, self._settings))
        except NotDelivered as why:
            state.due_s = now_s + AGAIN_S[min(state.tries, len(AGAIN_S)) - 1]
            self._house.log.warning("report not delivered", site=site, day=day, tries=state.tries, why=str(why))
            if not reporting.old(day, now, offset):
                return
            self._done(site, report, "given_up")
            return
        self._done(site, report, "sent")

    def _done(self, site: str, report: Mapping[str, Any], outcome: str) -> None:
        day, figures = report["date"], report["figures"]
        tried = self._tries.pop((site, day), _Try())
        reporting.told(
            self._house.store, site, day, WAY, outcome=outcome, tries=tried.tries, version=figures["version"], digest=figures["digest"]
        )


def letter(report: Mapping[str, Any], settings: ReportMail) -> EmailMessage:
    """The day in a few lines, and the files that were wished for."""
    made, figures, day = EmailMessage(), report["figures"], report["date"]
    counts, wait = figures["counts"], figures["wait"]
    name = f"{day[8:]}/{day[5:7]}/{day[:4]}"
    made["Subject"] = f"[Tới Lượt] {report['site_name']}: báo cáo ngày {name}"
    made["From"], made["To"] = settings.mail.sender, ", ".join(settings.to)
    rows = [
        f"{report['site_name']}, ngày {name}",
        "",
        f"Lượt lấy số: {counts['issued'] + counts['arrived']}; đã gọi {counts['called']}; phục vụ xong {counts['served']}; "
        f"vắng mặt {counts['no_show']}; về khi chưa gọi {counts['abandoned']}.",
        f"Chờ: trung bình {words.short(wait['mean_s'])}, một nửa dưới {words.short(wait['p50_s'])}, "
        f"90% dưới {words.short(wait['p90_s'])}, lâu nhất {words.short(wait['max_s'])}.",
        *(f"Được gọi trong {each['target_s'] // 60} phút: {percent(each['permille'])}." for each in figures["shares"]),
        f"Việc cần để ý: {len(report['outliers'])}. Hệ thống ngoài gián đoạn: {max(0, len(report['outages']) - 1)}.",
        "",
        f"Số liệu bản {figures['version']}, mã kiểm {figures['digest']}.",
        "",
    ]
    made.set_content("\n".join(rows), cte="quoted-printable")  # not every mail server takes eight bits
    for kind in settings.attach:
        make, about = MAKE[kind]
        main, _, sub = about.partition(";")[0].partition("/")
        made.add_attachment(make(report), maintype=main, subtype=sub, filename=file_name(report, kind))
    return made
