"""`GET /dossiers/{code}` of a whole server: who may ask, which codes, what is said in the site's words, and what is never said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from queue_server.bootstrap import Server, build
from queue_server.cli.base import server as cli
from queue_server.contract.answers import SCHEMAS
from queue_server.domain.principal import SYSTEM
from queue_server.services import access, command, configuring
from queue_server.storage.store import Store
from queue_server.web.dossier_line import DossierLine
from queue_server.web.pages.dossier_words import words
from tests.web.dossier_end import KEY, DossierEnd
from tests.web.helpers import fresh_code
from toiluot_edge import SystemClock

Ask = Callable[..., Any]
CODE = "000.00.53.H48-220921-0001"


class Heard:
    def __init__(self) -> None:
        self.lines: list[Any] = []

    def __getattr__(self, level: str) -> Any:
        return lambda text, **about: self.lines.append((level, text, about))


@pytest.fixture(scope="module")
def place(store: Store) -> str:
    """A site of this file's own in the database of the room."""
    configuring.init_site(store, site=(code := fresh_code()), kind="training")
    document = configuring.current(store, code)["document"]
    document["dossier_steps"]["5"] = {"counter": "2", "names": {"vi": "Bổ sung giấy tờ"}}
    document["dossier_steps"]["6"] = {"service": "da-bo", "counter": "99"}  # taken out of the site since
    command.beat(store, code, SYSTEM, lambda unit: configuring.apply(unit, document=document))
    return code


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture(scope="module")
def built(url: str, place: str) -> Iterator[tuple[Server, str]]:
    made = build(url, log=Heard(), dossier=("http://127.0.0.1:1", KEY))
    made.flask.config["PROPAGATE_EXCEPTIONS"] = False
    yield made, place
    made.close()


@pytest.fixture
def own(built: tuple[Server, str], end: DossierEnd, heard: Heard) -> Iterator[Server]:
    """The one server with a line of this test's own: nothing remembered, nothing failed."""
    line = DossierLine(end.url, KEY, SystemClock(), heard, whole_s=30)
    server, _ = built
    object.__setattr__(server.house, "dossiers", line)
    object.__setattr__(server.house, "log", heard)
    yield server
    line.close()


@pytest.fixture
def ask(own: Server, place: str) -> Ask:
    def asked(code: str = CODE, scope: str = "read", path: str = "") -> Any:
        key = own.store.write("", lambda rows: access.create_key(rows, name="test", scopes=(scope,), sites=(place,)))
        return own.flask.test_client().get(path or f"/api/v1/dossiers/{code}", headers={"Authorization": f"Bearer {key}"})

    return asked


def test_state_and_what_to_do_in_the_sites_words(ask: Ask, end: DossierEnd, heard: Heard) -> None:
    end.known[CODE] = {"state": 9, "collect_at": "Quầy 1", "due": "2026-11-30", "applicant": "Người Được Bịa"}
    answer = ask()
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert body.pop("asked_at").endswith("+07:00")
    assert body == {
        "code": CODE,
        "state": {"number": 9, "vi": "Đã xử lý xong", "en": "Finished"},
        "what_to_do": {"vi": "Nhận kết quả – Quầy 1", "en": "Collect the result – Quầy 1", "service": "tra-ket-qua", "counter": "1"},
        "due_on": "2026-11-30",
    }
    assert set(SCHEMAS["Dossier"]["required"]) == {*body, "asked_at"}
    assert "Bịa" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_far_ends_word_for_a_place_counts_only_where_it_is_one_of_ours(ask: Ask, end: DossierEnd) -> None:
    end.known[CODE] = {"state": 9, "collect_at": "Người Được Bịa"}
    end.known["H48-220921-0002"] = {"state": 5, "collect_at": "1"}
    assert ask().get_json()["what_to_do"] == {
        "vi": "Nhận kết quả", "en": "Collect the result", "service": "tra-ket-qua", "counter": None,
    }  # fmt: skip
    assert ask("H48-220921-0002").get_json()["what_to_do"]["vi"] == "Bổ sung giấy tờ – Quầy 2"
    end.known["H48-220921-0003"] = {"state": 6}
    assert ask("H48-220921-0003").get_json()["what_to_do"] == {
        "vi": "Nộp phí, thuế theo thông báo", "en": "Pay as the notice says", "service": None, "counter": None,
    }  # fmt: skip


@pytest.mark.parametrize("code", ["x", "H48-2209-1", "000.00.53.H48-220921-0001-1", "012345678901", "…", "H48-220921-0001%0a"])
def test_what_is_no_code_is_refused_before_anybody_is_asked(ask: Ask, end: DossierEnd, code: str) -> None:
    answer = ask(code)
    assert answer.status_code in (404, 422)
    assert end.asked == []


def test_a_code_in_another_dress_is_the_same_code(ask: Ask, end: DossierEnd) -> None:
    end.known[CODE] = {"state": 1}
    assert ask(CODE.lower().replace("-", "–")).get_json()["code"] == CODE


def test_refusals_say_what_to_do(ask: Ask, own: Server, end: DossierEnd, heard: Heard) -> None:
    unknown = ask()
    assert (unknown.status_code, unknown.get_json()["code"]) == (404, "dossier_unknown")
    end.status = 500
    silent = ask("H48-220921-0009")
    assert (silent.status_code, silent.get_json()["code"], silent.headers["Retry-After"]) == (503, "dossier_silent", "10")
    assert "Vẫn lấy số" in silent.get_json()["detail"]
    assert "220921" not in repr(heard.lines) + unknown.text + silent.text


@pytest.mark.parametrize(("scope", "status"), [("read", 404), ("admin", 404), ("issue", 403), ("call", 403), ("feed", 403)])
def test_who_reads_the_site_may_ask(ask: Ask, scope: str, status: int) -> None:
    assert ask(scope=scope).status_code == status


def test_nobody_is_asked_without_a_credential(own: Server, end: DossierEnd) -> None:
    assert own.flask.test_client().get(f"/api/v1/dossiers/{CODE}").status_code == 401
    assert end.asked == []


def test_an_unexpected_fault_leaves_no_code_in_the_log(ask: Ask, own: Server, end: DossierEnd, heard: Heard) -> None:
    end.known[CODE] = {"state": 2}
    own.house.dossiers.look_up = None  # type: ignore[union-attr, assignment, method-assign]
    assert ask().status_code == 500
    assert [about["path"] for _, _, about in heard.lines] == ["/api/v1/dossiers/…"]


def test_a_server_without_a_dossier_system_says_so(ask: Ask, own: Server, end: DossierEnd) -> None:
    assert ask(path="/api/v1/kiosk/home").get_json()["dossiers"] is True
    object.__setattr__(own.house, "dossiers", None)
    assert ask().get_json()["code"] == "dossier_off"
    assert ask(path="/api/v1/kiosk/home").get_json()["dossiers"] is False


def test_the_technician_reads_how_it_stands(ask: Ask, own: Server, end: DossierEnd) -> None:
    line = own.house.dossiers
    assert line is not None
    assert words(line.standing()) == ("good", "Tra hồ sơ: hệ thống hồ sơ đang trả lời", "")
    end.stop()
    for n in range(3):
        ask(f"H48-220921-{n:04d}")
    tone, word, remedy = words(line.standing())
    assert (tone, word) == ("warn", "Tra hồ sơ: hệ thống hồ sơ không trả lời")
    assert "Lấy số vẫn bình thường" in remedy
    assert words(None) is None
    end.start()


@pytest.mark.parametrize("options", [["--dossier", "http://127.0.0.1:1"], ["--dossier", "http://10.0.0.1:1", "--dossier-key-file", "KEY"]])
def test_a_line_that_cannot_be_is_told_before_anything_is_served(url: str, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "key").write_text("k\n")
    given = [str(tmp_path / "key") if each == "KEY" else each for each in options]
    told = CliRunner().invoke(cli, ["run", "--db", url, "--bind", "127.0.0.1:0", *given])
    assert told.exit_code == 2
    assert "--dossier" in told.output
