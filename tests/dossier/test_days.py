"""Aggregates of days: when one is due, what it says, and that the partner has each version once."""

from __future__ import annotations

from typing import Any

from queue_server.dossier.day import Days, content, digest
from queue_server.dossier.mock_store import DAY, faults_of
from queue_server.dossier.payload import Names

TODAY = "2026-11-23"


def touched(kind: str, day: str = TODAY, ticket: str | None = "t", **data: Any) -> dict[str, Any]:
    return {"type": kind, "business_day": day, "ticket": ticket, "data": data}


def test_a_day_is_due_once_it_is_over_and_again_when_something_touched_it(server: Any) -> None:
    days = Days()
    assert days.touch(touched("issued"), TODAY)
    assert not days.touch(touched("called"), TODAY)  # nothing new to keep
    assert days.due() == []
    assert days.touch(touched("day.closed", ticket=None, day=TODAY), None)
    assert days.due() == [TODAY]
    said = days.message("S", server.day(TODAY), Names())
    assert said is not None
    assert (said["PhienBan"], faults_of(said, DAY)) == (1, [])
    days.said(TODAY, said)
    assert days.due() == []
    days.touch(touched("rated", day="2026-11-24"), TODAY)  # next day's event on a visit of this one
    assert days.due() == [TODAY]
    assert days.message("S", server.day(TODAY), Names()) is None  # nothing that it says has changed
    server.figures[TODAY] = {"counts": {"served": 1}}
    again = days.message("S", server.day(TODAY), Names())
    assert again is not None
    assert (again["PhienBan"], again["SoLuotXong"]) == (2, 1)


def test_a_day_that_nobody_closed_is_over_when_a_later_one_begins(server: Any) -> None:
    days = Days()
    days.touch(touched("issued"), TODAY)
    days.touch(touched("issued", day="2026-11-24"), "2026-11-24")
    assert days.due() == [TODAY]
    days = Days(days.as_data())
    assert days.due() == [TODAY]


def test_versions_of_a_new_epoch_stand_above_and_what_is_asked_again_keeps_its_version(server: Any) -> None:
    days = Days()
    days.touch(touched("day.closed", ticket=None), None)
    said = days.message("S", {**server.day(TODAY), "position": "3-40"}, Names())
    assert said is not None
    assert (said["PhienBan"], said["KyNhatKy"], said["ThuTuNhatKy"]) == (2001, 3, 40)
    days.said(TODAY, said)
    days.again()
    retold = days.message("S", {**server.day(TODAY), "position": "3-41"}, Names())
    assert retold is not None
    assert (retold["PhienBan"], digest(retold)) == (2001, digest(said))


def test_names_and_sums_go_out_as_they_are(server: Any) -> None:
    wait = {"n": 2, "sum_ms": 3500, "mean_s": 2, "p50_s": 1, "p90_s": 2, "p95_s": 2, "histogram": {"1": 1, "2": 1}}
    server.figures[TODAY] = {"wait": wait, "digest": "ab" * 32}
    said = content("S", server.day(TODAY), Names(unit="H48.53", fields={"chung-thuc": "G15-TP01"}, trial=True))
    assert said["Cho"] == {"SoBuoc": 2, "TongMiliGiay": 3500, "TrungBinhGiay": 2, "TrungViGiay": 1, "P90Giay": 2, "P95Giay": 2}
    assert (said["TheoViec"][0]["MaLinhVuc"], said["MaKiemSoLieu"], said["DuLieuThuNghiem"]) == ("G15-TP01", "ab" * 32, True)


def test_the_worker_sends_a_closed_day_after_its_records_and_again_when_it_changed(feed: Any) -> None:
    log = feed.server.log
    log.visit("v0")
    feed.settle()
    assert feed.partner.store.days() == {}
    log.close_day()
    feed.settle()
    key = f"{log.site}/{TODAY}"
    assert [row["PhienBan"] for row in feed.partner.store.days()[key]] == [1]
    feed.restart()  # killed: the same is not told again
    log.add("v0", "rated", {"stars": 4})
    feed.settle()
    assert [row["PhienBan"] for row in feed.partner.store.days()[key]] == [1]
    log.add("v0", "voided", {})
    feed.server.figures[TODAY] = {"counts": {"voided": 1}}
    feed.settle()
    assert [(row["PhienBan"], row["SoLuotVoHieu"]) for row in feed.partner.store.days()[key]] == [(1, 0), (2, 1)]


def test_killed_after_the_answer_a_day_is_told_once_more_and_taken_once(feed: Any, monkeypatch: Any) -> None:
    log = feed.server.log
    log.visit("v0")
    log.close_day()
    while not feed.worker.step():
        pass
    kept = feed.state.keep_days
    monkeypatch.setattr(feed.state, "keep_days", lambda rows: None)  # the power goes between the answer and the note of it
    assert feed.worker._days_step()
    monkeypatch.setattr(feed.state, "keep_days", kept)
    feed.restart()
    feed.settle()
    assert [row["PhienBan"] for row in feed.partner.store.days()[f"{log.site}/{TODAY}"]] == [1]


def test_trouble_with_a_day_holds_no_record_up(feed: Any) -> None:
    log = feed.server.log
    log.visit("v0")
    log.close_day()
    feed.server.broken = True  # it cannot answer for the day
    feed.settle()
    assert feed.worker.health.days == 1
    log.visit("v1")
    feed.settle()
    assert len(feed.accepted()) == 2
    feed.server.broken = False
    feed.worker._days_from = 0.0
    feed.settle()
    assert (feed.worker.health.days, len(feed.partner.store.days())) == (0, 1)


def test_after_a_restore_of_the_log_a_day_is_looked_at_again(feed: Any) -> None:
    log = feed.server.log
    log.visit("v0")
    log.close_day()
    feed.settle()
    feed.worker._follow_epoch({"epoch": 2, "continues_after": log.seq})
    log.epoch, feed.server.continues_after = 2, log.seq
    feed.server.figures[TODAY] = {"counts": {"served": 9}}
    feed.settle()
    assert [row["PhienBan"] for row in feed.partner.store.days()[f"{log.site}/{TODAY}"]] == [1, 1001]
