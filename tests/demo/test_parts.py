"""The demonstration's small parts: invented cards, visits from files, the data we ship, the account of a day."""

from __future__ import annotations

import json
import random
import shutil
import socket
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from queue_server.demo import centre
from queue_server.demo.cards import payload
from queue_server.demo.derive import seal_day, warsaw
from queue_server.demo.document import document, list_for, services
from queue_server.demo.replay import account
from queue_server.demo.visits import BadFile, first_day, read
from queue_server.domain.config import SERIES, parse
from queue_server.services.configuring import template

DATA = Path(services.__code__.co_filename).parent / "data"


# ---------------------------------------------------------------- cards and files
def test_invented_cards_look_like_cards_and_say_what_they_are() -> None:
    cards = {payload(f"fake:{n}") for n in range(1, 3000)}
    assert len(cards) == 2999
    for card in list(cards)[:50]:
        number, _, name, birth, _, _, _ = card.split("|")
        assert (len(number), number[:3], name[:6], len(birth)) == (12, "999", "THẺ GI", 8)
    assert payload("000.00.53.H48-220921-0001") == "000.00.53.H48-220921-0001"


def test_shipped_days_hold_what_their_sources_say() -> None:
    week = read(DATA / "warsaw-week.csv")
    assert (len(week), sorted({visit.day for visit in week})) == (2527, [f"2020-01-{day}" for day in (13, 14, 15, 16, 17)])
    assert len(first_day(week)) == 697
    assert {visit.service for visit in week} <= {service["code"] for service in services("ward-services")}
    for name, total in seal_day.SITES.items():
        day = read(DATA / f"{name}.csv")
        assert len(day) == total
        assert len({visit.card for visit in day}) == total
        assert sum(visit.at_s < 12 * 3600 for visit in day) > 0.6 * total
        assert {visit.service for visit in day} == {"con-dau"}
    assert (DATA / "SOURCES.md").read_text("utf-8").count("MIT") >= 2


def test_the_seal_day_is_made_by_its_script(tmp_path: Path) -> None:
    seal_day.main(str(tmp_path))
    for name in seal_day.SITES:
        assert (tmp_path / f"{name}.csv").read_bytes() == (DATA / f"{name}.csv").read_bytes()


@pytest.mark.parametrize(
    ("snapshots", "expected"),
    [
        ([(480, "", 0), (485, "A001", 2), (490, "A003", 2)], [(480, 485, 3), (485, 490, 2)]),
        ([(480, "", 1), (485, "A001", 0)], [(475, 480, 1)]),
        ([(480, "C501", 0), (485, "C503", 1)], [(475, 480, 1), (480, 485, 3)]),
        ([(480, "A005", 3), (485, "A008", 0), (490, "", 0)], [(475, 480, 8)]),
        ([(480, "A001", 0), (520, "A003", 0)], [(475, 480, 1), (515, 520, 2)]),
    ],
)
def test_arrivals_are_what_the_issued_number_grew_by(snapshots: list[Any], expected: list[Any]) -> None:
    assert list(warsaw.increments(snapshots)) == expected


def test_json_lines_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    rows = [{"at": "2026-01-05T09:00:00+07:00", "service": "a"}, {"at": "2026-01-05T08:00:00+07:00", "service": "b", "card": "fake:1"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert [(visit.at_s, visit.service, visit.card) for visit in read(path)] == [(28800, "b", "fake:1"), (32400, "a", None)]


@pytest.mark.parametrize(
    "text", ["", "at,service,card\n", "at,service\nnow,a\n", "when,what\n1,2\n", "at,service\n2026-01-01T07:00:00+07:00,\n"]
)
def test_files_that_are_no_visits_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(BadFile):
        read(path)


# ---------------------------------------------------------------- services
@pytest.mark.parametrize("name", ["ward-services", "seal-services"])
def test_services_are_real_and_make_a_lawful_configuration(name: str) -> None:
    listed = services(name)
    made = document(template("ward"), listed, "http://127.0.0.1:1")
    config = parse(made)
    assert list(config.services) == [service["code"] for service in listed]
    assert len(config.counters) >= 8
    for service in listed:
        assert SERIES.match(service["series"])
        assert unicodedata.is_normalized("NFC", service["names"]["vi"])
        assert service["procedures"] or service.get("other")


def test_no_two_lists_know_an_unknown_service() -> None:
    assert {service["code"] for service in list_for(["con-dau"])} == {"con-dau"}
    with pytest.raises(KeyError):
        list_for(["con-dau", "chung-thuc"])


# ---------------------------------------------------------------- the account
def whole(ticket: str, record: str | None = None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Events and record of one ordinary visit."""
    events = [
        {"ticket": ticket, "type": "print_outcome", "data": {"outcome": "printed"}},
        {"ticket": ticket, "type": "called", "data": {"wait_ms": 4000}},
        {"ticket": ticket, "type": "completed", "data": {}},
    ]
    return events, [{"MaLuot": ticket, "MaBanGhi": record or f"S:{ticket}:1", "PhienBan": 1}]


def test_a_whole_day_is_found_whole_and_every_gap_is_named() -> None:
    days = [whole(name) for name in "abc"]
    events, records = [e for day, _ in days for e in day], [r for _, day in days for r in day]
    fine = account(["a", "b", "c"], 3, events, records)
    assert (fine["ok"], fine["unfinished"], fine["mean_wait_s"]) == (True, 0, 4)
    assert not account(["a", "b", None], 3, events, records)["ok"]
    for kind in ("print_outcome", "called", "completed"):
        gap = account(["a", "b", "c"], 3, [e for e in events if (e["ticket"], e["type"]) != ("b", kind)], records)
        assert not gap["ok"]
        assert all(line.startswith("b: ") for line in gap["findings"])
    assert not account(["a", "b", "c"], 3, events, records[1:])["ok"]
    assert not account(["a", "b", "c"], 3, events, [*records, records[0]])["ok"]  # the same version taken twice


def test_the_spread_is_reproducible() -> None:
    one, two = (seal_day.seconds(50, random.Random(1)) for _ in range(2))
    assert one == two


def test_a_deep_temporary_folder_leaves_room_for_a_sockets_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    folder = centre.scratch()
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(folder / centre.SOCKET))
    shutil.rmtree(folder)
    assert list(deep.iterdir()) == []
