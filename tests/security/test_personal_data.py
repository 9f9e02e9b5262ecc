"""After a day of cards, bookings, faults and restarts: no number and no name of a card-holder anywhere on disk or in any answer.

The whole centre runs as its real programs (`toiluot demo`), whose every file is in one folder: database, its log, spools, journals,
logs. The folder is read byte by byte while they run, after one was killed, and after all were: as a thief of the disk would.
"""

from __future__ import annotations

import json
import os
import re
import signal
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from queue_server.demo.cards import payload
from queue_server.services import appointments
from tests.demo.conftest import Demo, alive
from tests.demo.conftest import until as until_soon
from tests.hall import make_hall
from toiluot_edge import mask

CONTACTS = ("0912345678", "+84 987 654 321", "lan.nguyen@example.vn")
TWELVE = re.compile(rb"(?<![0-9A-Za-z_.\-])[0-9]{12}(?![0-9A-Za-z_.\-])")
PLAINLY_TIME = re.compile(rb"^1[67][0-9]{10}$|^20[0-9]{10}$")  # not one of ours; a moment as digits is thirteen or fourteen long


def until(what: Callable[[], Any]) -> Any:
    """A whole centre beside other tests is slow: the promise here is not about time."""
    return until_soon(what, within_s=150)


def parts_of(cards: range) -> list[str]:
    """What the cards say that would tell who somebody is: number, name, birthday beside the rest."""
    found = []
    for card in cards:
        number, _, name, *_ = payload(f"fake:{card}").split("|")
        found += [number, name, payload(f"fake:{card}")]
    return found


def forms(secret: str) -> Iterator[bytes]:
    """As text, decomposed, in UTF-16, as JSON escapes, in digits with spaces."""
    yield from (
        secret.encode(),
        unicodedata.normalize("NFD", secret).encode(),
        secret.encode("utf-16-le"),
        json.dumps(secret)[1:-1].encode(),
    )
    if secret.isdigit():
        yield re.sub(r"(\d{3})(?=\d)", r"\1 ", secret).encode()


def seen(folder: Path, secrets: list[str]) -> list[str]:
    """Where any of them stands, in whatever form; and every bare run of twelve digits."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        found += [f"{path.name}: {secret!r}" for secret in secrets for form in forms(secret) if form in content]
        found += [f"{path.name}: {run!r}" for run in TWELVE.findall(content) if not PLAINLY_TIME.match(run)]
    return found


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Demo]:
    made = Demo(tmp_path, "--no-people")
    yield made
    if made.process.poll() is None:
        made.end(signal.SIGKILL)


def take(demo: Demo, card: int, service: str) -> Any:
    demo.touch("home")
    until(lambda: demo.kiosk()["screen"] == "home")
    demo.lay_card(payload(f"fake:{card}"))
    shown = until(lambda: (state := demo.kiosk())["screen"] in ("choosing", "number") and state)
    if shown["screen"] == "choosing":
        demo.touch("choose", service=service, visit=shown["visit"])
    return until(lambda: (state := demo.kiosk())["screen"] == "number" and state["ticket"]["paper"] != "printing" and state)["ticket"]


def answers(demo: Demo) -> bytes:
    """Whatever may be asked, by a key that may ask everything, and the pages of its screens."""
    gets = (
        "/queue",
        "/counters",
        "/board",
        "/services",
        "/events?after=0&limit=1000",
        "/hall",
        "/metrics/day",
        "/devices",
        "/leases",
        "/config",
    )
    said = [demo.http.get(f"{demo.facts['server']}/api/v1{path}").content for path in gets]
    said += [demo.http.get(f"{demo.facts['kiosk']}{path}").content for path in ("", "api/state", "health.json")]
    said += [demo.http.get(demo.facts["board"]).content, demo.http.get(f"{demo.facts['dossier']}records?all=1").content]
    return b"".join(said)


def book(demo: Demo, contact: str) -> None:
    body = {"request_id": f"book-{len(contact)}", "service": "chung-thuc", "contact": contact}
    answer = demo.http.post(f"{demo.facts['server']}/hen/{demo.facts['site']}", json=body)
    assert answer.status_code == 201, answer.text


@pytest.mark.full
@pytest.mark.slow(reason="a day of a whole centre: cards, bookings, a killed kiosk and server, and a killed house")
@pytest.mark.timeout(900)
def test_after_a_day_of_everything_nobody_can_be_named(centre: Demo, tmp_path: Path) -> None:
    cards, service = range(41, 49), "chung-thuc"
    secrets = [*parts_of(cards), *CONTACTS]
    counter = centre.facts["counters"][0]
    centre.order(f"/counters/{counter}/open")
    for card in cards[:4]:
        take(centre, card, service)
    config = centre.api("/config")
    centre.order("/config/change", version=config["version"], changes=[{"pointer": "/services/chung-thuc/remote", "value": True}])
    for contact in CONTACTS:
        book(centre, contact)
    number = payload("fake:48").split("|")[0]
    # What should never be sent and is: a number where a text is free, in a path, in a broken body.
    for path in (f"/tickets/{number}", f"/counters/{number}"):
        centre.http.get(f"{centre.facts['server']}/api/v1{path}")
    centre.http.post(f"{centre.facts['server']}/api/v1/tickets", content=f'{{"request_id":"{number}'.encode())
    os.kill(centre.facts["processes"]["kiosk"], signal.SIGKILL)
    os.kill(centre.facts["processes"]["server"], signal.SIGABRT)  # as a crash: a memory image would be written, were it allowed

    def back() -> bool:
        try:
            return bool(centre.kiosk()["screen"] == "home" and centre.api("/services"))
        except Exception:  # noqa: BLE001 - while they are down every kind of answer may come; the deadline decides
            return False

    until(back)
    for card in cards[4:7]:
        take(centre, card, service)
    for _ in range(3):
        ticket = centre.order(f"/counters/{counter}/next")["ticket"]
        centre.order(f"/tickets/{ticket['id']}/serve", counter=counter)
        centre.order(f"/tickets/{ticket['id']}/complete", counter=counter)
    until(lambda: len(centre.records()) >= 3)
    said = answers(centre)
    assert [secret for secret in secrets for form in forms(secret) if form in said] == []
    assert seen(tmp_path, secrets) == []
    pids = centre.pids()
    centre.process.kill()  # nobody tidies up: the folder stays as a thief would find it
    centre.process.wait(20)
    until(lambda: not any(alive(pid) for pid in pids))
    kept = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert any(name.endswith((".db", ".sqlite3")) for name in kept), kept
    assert [name for name in kept if re.match(r"core(\.|$)", name)] == []
    assert seen(tmp_path, secrets) == []


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    (name, number) = ("THẺ GIẢ SỐ 41", payload("fake:41").split("|")[0])
    for at, form in enumerate([*forms(name), *forms(number)]):
        (tmp_path / f"{at}.bin").write_bytes(b"\x00\xff" + form + b"\x00")
    assert {line.split(":")[0] for line in seen(tmp_path, [name, number])} == {path.name for path in tmp_path.iterdir()}


def test_a_booking_s_contact_leaves_no_plain_trace_on_disk(tmp_path: Path) -> None:
    """The sample of the above: the server's own files with the write-ahead log, while it is open and after it was closed."""
    hall = make_hall(f"sqlite:///{tmp_path}/site.db")
    services = [{"code": "chung-thuc", "name": "Chứng thực", "series": "C", "remote": True}]
    hall.configure(services=services, help_service=None, public_url="https://q.example")
    for contact in CONTACTS:
        booked = hall.do(lambda unit, contact=contact: appointments.book(unit, service="chung-thuc", slot=None, contact=contact))
        assert booked["state"] == "booked"
    assert seen(tmp_path, list(CONTACTS)) == []
    hall.store.close()
    assert seen(tmp_path, list(CONTACTS)) == []


def test_what_goes_into_a_log_is_masked_whoever_wrote_it() -> None:
    number = payload("fake:41").split("|")[0]
    assert mask(f"lỗi {number} ở cổng") == f"lỗi {number[:4]}******{number[-2:]} ở cổng"
    assert number not in mask(f"x={number};y={number[3:]}")
