"""The stream against the running server: snapshot first, order, resume, beats, zones, limits, and its end at SIGTERM.

Every test runs twice: with streams in the server's own process, and in a process of their own.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from queue_server.bootstrap import prepare
from queue_server.client import Client, Problem, Unreachable
from queue_server.contract import sse
from queue_server.domain.principal import SYSTEM
from queue_server.services import command, configuring
from queue_server.storage.store import Store
from queue_server.web.annexe import READY_SAYS
from tests.web.helpers import Process, Site, fresh_code, rid, until


@pytest.fixture(scope="module", params=["here", "own"])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def url(place: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp(place)}/site.db"


@pytest.fixture(scope="module")
def store(url: str) -> Iterator[Store]:
    made = prepare(url)
    configuring.init_site(made, site="FIRST")
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(place: str, url: str, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    running = Process(url, tmp_path_factory.mktemp("log") / "server.log", "--streams", place)
    settled(running, place)
    yield running
    running.close()


def settled(process: Process, place: str) -> Process:
    """Once streams are served where they should be."""
    until(lambda: place == "here" or READY_SAYS in process.log.read_text())
    return process


def take(frames: Iterator[sse.Frame], event: str, n: int = 1) -> list[sse.Frame]:
    """The next `n` frames of one kind; the client gives up by itself where the stream falls silent."""
    return list(itertools.islice((frame for frame in frames if frame.event == event), n))


def test_a_snapshot_comes_first_and_then_every_row_in_order(site: Site) -> None:
    client = site.client()
    client.counter_command(rid(), "1", "open")
    stream = client.stream()
    snapshot = next(stream)
    assert (snapshot.event, snapshot.id) == ("snapshot", None)
    position = snapshot.json()["position"]
    for _ in range(3):
        client.issue(rid(), service="ho-tich")
    client.next(rid(), "1")
    rows = take(stream, "log", 4)
    assert [row.json()["type"] for row in rows] == ["issued", "issued", "issued", "called"]
    first = int(position.split("-")[1]) + 1
    assert [row.id for row in rows] == [f"1-{seq}" for seq in range(first, first + 4)]
    stream.close()


def test_a_reader_that_comes_back_misses_nothing_and_gets_nothing_twice(site: Site) -> None:
    client = site.client()
    stream = client.stream()
    next(stream)
    client.issue(rid(), service="ho-tich")
    last = take(stream, "log")[0].id
    stream.close()
    for _ in range(5):
        client.issue(rid(), service="ho-tich")
    again = client.stream(after=last)
    assert next(again).event == "snapshot"
    missed = take(again, "log", 5)
    client.issue(rid(), service="ho-tich")
    seqs = [frame.json()["seq"] for frame in missed + take(again, "log")]
    assert seqs == list(range(seqs[0], seqs[0] + 6))
    assert f"1-{seqs[0] - 1}" == last
    again.close()


def test_the_whole_log_is_replayed_from_zero_even_beyond_the_ring(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = site.client()
    for _ in range(30):
        client.issue(rid(), service="ho-tich")
    stream = client.stream(after="0")
    next(stream)
    frames = take(stream, "log", 33)
    assert [frame.json()["seq"] for frame in frames] == list(range(1, 34))
    stream.close()


def test_last_event_id_wins_over_after(site: Site) -> None:
    client = site.client()
    for _ in range(4):
        client.issue(rid(), service="ho-tich")
    headers = {"Last-Event-ID": "1-5", "Authorization": f"Bearer {site.key('feed')}"}
    with httpx.stream("GET", f"{site.base}/api/v1/stream?after=1", headers=headers, timeout=20) as answer:
        rows = take(read(answer), "log", 2)
    assert [row.id for row in rows] == ["1-6", "1-7"]


def read(answer: httpx.Response) -> Iterator[sse.Frame]:
    decoder = sse.Decoder()
    for chunk in answer.iter_raw():
        yield from decoder.feed(chunk)


def test_a_beat_says_where_the_log_is_and_has_no_id(site: Site) -> None:
    client = site.client()
    stream = client.stream()
    beats = take(stream, "hb", 2)
    assert [beat.id for beat in beats] == [None, None]
    assert set(beats[1].json()) == {"seq", "epoch", "now"}
    assert beats[1].json()["now"] > beats[0].json()["now"]
    stream.close()


def test_a_zone_has_a_name_of_reasonable_length(site: Site) -> None:
    with pytest.raises(Problem) as caught:
        next(site.client().stream(zone="z" * 65))
    assert (caught.value.status, caught.value.code) == (422, "invalid")


def test_what_cannot_be_a_credential_does_no_harm_beside_one(site: Site) -> None:
    cookies = {"Cookie": f"toiluot_session={'x' * 8000}; toiluot_board={site.board_token}"}
    with httpx.stream("GET", f"{site.base}/api/v1/stream", headers=cookies, timeout=20) as answer:
        assert next(read(answer)).event == "snapshot"
    spaced = {"Authorization": f"Bearer   {site.key('feed')}"}
    with httpx.stream("GET", f"{site.base}/api/v1/stream", headers=spaced, timeout=20) as answer:
        assert next(read(answer)).event == "snapshot"


def test_a_reader_that_talks_is_cut_off_and_a_request_behind_it_is_not_answered(site: Site) -> None:
    host, port = site.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(f"GET /b/{site.board_token}/stream HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        heard = b""
        while b"event: hb" not in heard:
            heard += line.recv(1 << 16)
        with contextlib.suppress(ConnectionError):
            line.sendall(b"x" * 200_000)
            while piece := line.recv(1 << 16):
                heard += piece
    assert heard.count(b"HTTP/1.1 ") == 1


def test_the_reader_is_told_when_to_come_back(site: Site) -> None:
    with httpx.stream("GET", f"{site.base}/b/{site.board_token}/stream", timeout=20) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert next(answer.iter_raw()).startswith(b"retry: 1500\n\n")


def test_a_board_sees_public_fields_only(site: Site) -> None:
    client = site.client()
    client.counter_command(rid(), "1", "open")
    with httpx.stream("GET", f"{site.base}/b/{site.board_token}/stream?after=0", timeout=20) as answer:
        frames = read(answer)
        next(frames)
        client.issue(rid(), service="ho-tich", dossier_code="H01-SECRET", holder_key="holdersecret")
        client.next(rid(), "1")
        rows = take(frames, "log", 6)
    for row in rows:
        assert set(row.json()) <= {"type", "epoch", "seq", "at", "label", "counter", "zone", "service"}
        assert "SECRET" not in row.data
    assert rows[-1].json()["label"] == "A001"


def test_a_zone_hears_its_own_calls_and_what_concerns_everyone(site: Site) -> None:
    def zones(document: dict[str, Any]) -> None:
        document["counters"][0]["zone"], document["counters"][1]["zone"] = "east", "west"

    site.configure(zones)
    client = site.client()
    codes = [row["code"] for row in client.counters()["counters"][:2]]
    stream = client.stream(zone="west")
    next(stream)
    for code in codes:
        client.counter_command(rid(), code, "open")
    assert take(stream, "log")[0].json()["counter"] == codes[1]
    stream.close()


@pytest.mark.parametrize(
    ("after", "status", "code"), [("x", 422, "invalid"), ("9-1", 409, "epoch_changed"), ("1-99999", 409, "epoch_changed")]
)
def test_a_program_is_told_of_a_position_that_is_not_on_this_log(site: Site, after: str, status: int, code: str) -> None:
    with pytest.raises(Problem) as caught:
        next(site.client().stream(after=after))
    assert (caught.value.status, caught.value.code) == (status, code)


def test_a_board_with_such_a_position_simply_starts_again(site: Site) -> None:
    with httpx.stream("GET", f"{site.base}/b/{site.board_token}/stream?after=9-99999", timeout=20) as answer:
        assert next(read(answer)).event == "snapshot"


def test_commits_of_another_process_reach_the_stream_too(site: Site) -> None:
    stream = site.client().stream()
    next(stream)
    site.configure(lambda document: document.update(name="Trung tâm thử"))
    assert take(stream, "log")[0].json()["type"] == "config.applied"
    stream.close()


def test_a_program_learns_that_the_server_is_gone() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(Unreachable):
        next(Client(f"http://127.0.0.1:{port}", "tl_x").stream())


# ---------------------------------------------------------------- a server of one's own
@pytest.fixture
def own_server(place: str, tmp_path: Path) -> Iterator[Callable[..., tuple[Process, Site]]]:
    url, started, code = f"sqlite:///{tmp_path}/own.db", [], fresh_code()
    store = prepare(url)
    configuring.init_site(store, site=code)

    def start(*options: str) -> tuple[Process, Site]:
        process = Process(url, tmp_path / "server.log", "--streams", place, *options)
        started.append(process)
        settled(process, place)
        return process, Site(code, process.base, store)

    yield start
    for process in started:
        process.close()
    store.close()


def test_over_the_limit_the_answer_is_503_with_a_time_to_come_back(own_server: Callable[..., tuple[Process, Site]]) -> None:
    _, site = own_server("--max-streams", "2")
    first, second = site.client().stream(), site.client().stream()
    next(first)
    next(second)
    with pytest.raises(Problem) as caught:
        next(site.client().stream())
    assert (caught.value.status, caught.value.code) == (503, "too_many_streams")
    assert caught.value.retry_after_s == 5
    first.close()
    until(lambda: _opens(site))
    second.close()


def _opens(site: Site) -> bool:
    try:
        stream = site.client().stream()
        next(stream)
        stream.close()
    except Problem:
        return False
    return True


def test_sigterm_ends_streams_and_server_within_ten_seconds(own_server: Callable[..., tuple[Process, Site]]) -> None:
    process, site = own_server()
    client = site.client()
    streams = [site.client().stream() for _ in range(20)]
    for stream in streams:
        next(stream)
    client.issue(rid(), service="ho-tich")
    begun = time.monotonic()
    process.terminate()
    for stream in streams:
        with pytest.raises(Unreachable):
            list(stream)
    assert process.wait(10) == 0
    assert time.monotonic() - begun < 10
    with site.store.read() as reader:
        assert len(reader.tickets_of_day(site.code, reader.site(site.code)["day"])) == 1  # type: ignore[index]


@pytest.mark.full
@pytest.mark.slow(reason="a send has ten seconds before its reader is cut off")
def test_a_reader_that_never_reads_gives_its_place_back(own_server: Callable[..., tuple[Process, Site]]) -> None:
    """A silent reader must not keep its place for ever: the send has a deadline, and the connection is dropped."""
    process, site = own_server("--max-streams", "1")
    for _ in range(2500):
        command.beat(site.store, site.code, SYSTEM, lambda unit: {"seq": unit.event("notice.filled", "notice:1", {"text": "x" * 5000}).seq})
    host, port = process.base.removeprefix("http://").split(":")
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.connect((host, int(port)))
        silent.sendall(f"GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {site.key('feed')}\r\n\r\n".encode())
        until(lambda: not _opens(site))
        assert site.client().issue(rid(), service="ho-tich")["number"] == 1
        until(lambda: _opens(site), 20)
        begun = time.monotonic()
        process.terminate()
        assert process.wait(10) == 0
        assert time.monotonic() - begun < 4  # nothing waits for it any more
