"""An order is obeyed once, over a crash too; what became of it is told until a server heard it; nothing of a person goes out."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from queue_server.client import Client, Problem, Unreachable
from queue_server.contract.orders import TEXT, OrderKind
from queue_server.device import identity as own
from queue_server.device.acts import System
from queue_server.device.files import Places
from queue_server.device.membership import Membership
from queue_server.device.orders import Done, Kind, Orders
from queue_server.device.standing import Phase, Standing


class FarEnd:
    """Takes words and files while `away` is None."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.away: Exception | None = None

    def order_done(self, request_id: str, order: str, *, ok: bool, code: str, detail: str | None = None) -> dict[str, Any]:
        if self.away:
            raise self.away
        self.heard.append((order, (ok, code)))
        return {}

    def order_file(self, order: str, content: bytes, kind: str) -> None:
        if self.away:
            raise self.away
        self.heard.append((order, (kind, content)))


class Counted:
    """An act that counts how often it was done."""

    def __init__(self, done: Done | BaseException) -> None:
        self.times, self._done = 0, done

    def __call__(self, args: Mapping[str, Any]) -> Done:
        self.times += 1
        if isinstance(self._done, BaseException):
            raise self._done
        return self._done


def book(folder: Path, far: FarEnd, kinds: dict[str, Kind], *, start: str = "s1", boot: str = "b1") -> Orders:
    return Orders(folder, far, kinds, start=start, boot=boot)


def order(kind: str = "test_slip", key: str = "o1", **args: Any) -> dict[str, Any]:
    return {"id": key, "kind": kind, "args": args}


def run(orders: Orders, *wanted: dict[str, Any]) -> None:
    """The order thread's work, to its end."""
    (thread,) = orders.threads()
    orders.heard({"orders": wanted})
    orders._wanted.put(None)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


def test_an_order_is_obeyed_once_however_often_a_heartbeat_names_it(tmp_path: Path) -> None:
    far, act = FarEnd(), Counted(Done(True))
    orders = book(tmp_path, far, {"test_slip": Kind(act)})
    orders.heard({"orders": [order()]})
    run(orders, order(), order())
    assert (act.times, far.heard) == (1, [("o1", (True, "done"))])
    again = book(tmp_path, far, {"test_slip": Kind(act)}, start="s2")
    run(again, order())
    assert (act.times, len(far.heard)) == (1, 1)


def test_a_file_goes_before_the_word_and_both_wait_for_a_server(tmp_path: Path) -> None:
    far, act = FarEnd(), Counted(Done(True, file=b"log", file_kind=TEXT))
    far.away = Unreachable("cut")
    run(book(tmp_path, far, {"logs": Kind(act)}), order("logs"))
    assert far.heard == []
    far.away = None
    run(book(tmp_path, far, {"logs": Kind(act)}, start="s2"))
    assert far.heard == [("o1", (TEXT, b"log")), ("o1", (True, "done"))]
    assert act.times == 1
    assert [path.name for path in tmp_path.iterdir()] == ["orders.json"]


def test_what_a_crash_cut_off_is_told_and_not_repeated(tmp_path: Path) -> None:
    far = FarEnd()
    crash = Counted(KeyboardInterrupt())
    orders = book(tmp_path, far, {"test_slip": Kind(crash)})
    with pytest.raises(KeyboardInterrupt):
        orders.obey(order())
    act = Counted(Done(True))
    run(book(tmp_path, far, {"test_slip": Kind(act)}, start="s2"), order())
    assert (act.times, far.heard) == (0, [("o1", (False, "interrupted"))])


@pytest.mark.parametrize(("boot", "word"), [("b2", (True, "done")), ("b1", (False, "nothing_happened"))])
def test_a_reboot_is_judged_by_the_next_start(tmp_path: Path, boot: str, word: tuple[bool, str]) -> None:
    far = FarEnd()
    kinds = {"reboot": Kind(Counted(Done(True, leaving=True)), lambda args, booted: Done(booted, "done" if booted else "nothing_happened"))}
    orders = book(tmp_path, far, kinds)
    orders.stop()  # as systemd does, in answer to what was ordered
    orders.obey(order("reboot"))
    assert far.heard == []
    run(book(tmp_path, far, kinds, start="s2", boot=boot))
    assert far.heard == [("o1", word)]


def test_what_fails_or_is_not_known_is_said(tmp_path: Path) -> None:
    far = FarEnd()
    run(book(tmp_path, far, {"doctor": Kind(Counted(ValueError("a name")))}), order("doctor"), order("dance", "o2"))
    assert far.heard == [("o1", (False, "failed")), ("o2", (False, "unknown_order"))]
    assert "a name" not in (tmp_path / "orders.json").read_text()


def test_a_word_that_the_server_will_not_have_is_not_said_for_ever(tmp_path: Path) -> None:
    far = FarEnd()
    far.away = Problem(404, "not_found", {})
    run(book(tmp_path, far, {"test_slip": Kind(Counted(Done(True)))}), order())
    assert json.loads((tmp_path / "orders.json").read_text())["o1"]["refused"] == "not_found"
    far.away = None
    run(book(tmp_path, far, {}, start="s2"))
    assert far.heard == []


def test_a_worn_book_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text("\0\0")
    far = FarEnd()
    run(book(tmp_path, far, {"test_slip": Kind(Counted(Done(True)))}), order())
    assert far.heard == [("o1", (True, "done"))]
    assert (tmp_path / "orders.damaged").exists()


# ---------------------------------------------------------------- the acts
class Machine:
    """Answers commands and writes down what was run."""

    def __init__(self, journal: str = "", systemctl: int = 0) -> None:
        self.ran: list[Sequence[str]] = []
        self._journal, self._systemctl = journal, systemctl

    def __call__(self, command: Sequence[str]) -> tuple[int, bytes]:
        self.ran.append(command)
        if command[0] == "journalctl":
            return (0, self._journal.encode()) if self._journal else (1, b"")
        return (self._systemctl, b"Access denied") if command[0] == "systemctl" else (127, b"")


@cache
def nobody() -> Client:
    return Client("http://nobody")


def system(folder: Path, machine: Machine, **more: Any) -> System:
    return System("toiluot-kiosk", folder, Places(folder), nobody(), run=machine, **more)


LOG = "kiosk: card 001085123456 of Nguyễn Văn An, key tl_abcdefghijkl, tel 0912 345 678, Authorization: Bearer xyzxyzxyz\n"


def test_logs_and_bundle_carry_no_person_and_no_secret(tmp_path: Path) -> None:
    made = system(tmp_path, Machine(LOG), report=lambda: {"device": "kiosk-07", "errors": [{"code": "001085123456"}]})
    logs, bundle = made.logs({"since": "yesterday"}), made.bundle({})
    assert (logs.ok, logs.file_kind, bundle.ok) == (True, TEXT, True)
    with zipfile.ZipFile(io.BytesIO(bundle.file)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert {"journal.txt", "heartbeat.json", "settings.json"} <= set(texts)
    for text in (logs.file.decode(), *texts.values()):
        assert not [word for word in ("001085123456", "Văn An", "tl_abcdefghijkl", "345 678", "xyzxyzxyz") if word in text]
    assert "kiosk-07" in texts["heartbeat.json"]


def test_a_journal_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    assert system(tmp_path, Machine()).logs({}).code == "no_journal"


@pytest.mark.parametrize("since", ["$(reboot)", "--help; x", "a" * 3000 + "\n", ""])
def test_a_word_in_an_order_becomes_no_switch(tmp_path: Path, since: str) -> None:
    machine = Machine(LOG)
    system(tmp_path, machine).logs({"since": since})
    (command,) = machine.ran
    assert next(word for word in command if "since" in word).startswith("--since=")
    assert "$" not in " ".join(command)


def test_what_systemd_refuses_is_told_as_refused(tmp_path: Path) -> None:
    kinds = system(tmp_path, Machine(systemctl=1)).kinds()
    for name in (OrderKind.RESTART, OrderKind.REBOOT, OrderKind.RESTART_SCREEN, OrderKind.UPDATE):
        done = kinds[name].act({})
        assert (done.ok, done.code) == (False, "refused_by_system")
    assert system(tmp_path, Machine(systemctl=1)).screenshot({}).code == "no_screen_access"


def test_every_kind_is_known_to_an_enrolled_kiosk(tmp_path: Path) -> None:
    key = own.load_or_make(tmp_path / "identity", Places(tmp_path))
    known = set(system(tmp_path, Machine(), identity=key, doctor=lambda args: Done(True)).kinds())
    assert known | {OrderKind.TEST_SLIP, OrderKind.BURN_IN} == set(OrderKind) - {OrderKind.RESEND}  # that is for the feed


def test_it_forgets_nothing_on_an_unsigned_word(tmp_path: Path) -> None:
    key = own.load_or_make(tmp_path / "identity", Places(tmp_path))
    done = system(tmp_path, Machine(), identity=key).wipe({"document": {"keyid": key.keyid, "wipe": True}, "signature": "AAAA"})
    assert (done.ok, done.code) == (False, "signature_invalid")
    assert own.load(key.folder).public == key.public


# ---------------------------------------------------------------- membership
def test_only_the_sites_own_word_shuts_a_device_out_and_the_next_lets_it_in() -> None:
    wiped: list[Mapping[str, Any]] = []
    member = Membership(Standing(name="kiosk-07"), wiped.append)
    member.heard(Problem(503, "overloaded", {}))
    assert member.out() is None
    member.heard(Problem(403, "device_suspended", {}))
    standing = member.out()
    assert standing is not None
    assert (standing.phase, standing.name) == (Phase.SUSPENDED, "kiosk-07")
    member.heard(None)
    assert member.out() is None
    for _ in range(2):
        member.heard(Problem(403, "device_revoked", {"wipe": {"document": {}, "signature": "x"}}))
    assert len(wiped) == 1
