"""The disk that forgets is tried before it is believed: what was flushed is there, what was not may be lost, kept or torn."""

from __future__ import annotations

import random
import socket
from pathlib import Path

import pytest

from tests.hil import forgetful
from tests.hil.forgetful import ANSWER, FLUSH, GO, HELLO, OPTION, OPTION_MAGIC, READ, REPLY, REQUEST, SECTOR, WRITE, Forgetful, _exactly

BEFORE = b"A" * 8 * SECTOR


class Far:
    """A machine's end of the wire."""

    def __init__(self, disk: Forgetful) -> None:
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(20)
        self.line.connect(str(disk.address))
        assert _exactly(self.line, len(HELLO) + 2)[:-2] == HELLO
        self.line.sendall(b"\0\0\0\3")
        self._option(8)  # a wish that is not granted
        self._option(GO)
        while self.answers[-1][2] != 1:
            self.answers.append(self._answer())
        self.size = int.from_bytes(self.answers[-2][3][2:10], "big")

    def _option(self, option: int) -> None:
        self.line.sendall(OPTION.pack(OPTION_MAGIC, option, 0))
        self.answers = [self._answer()]

    def _answer(self) -> tuple[int, int, int, bytes]:
        magic, option, kind, length = ANSWER.unpack(_exactly(self.line, ANSWER.size))
        return magic, option, kind, _exactly(self.line, length)

    def ask(self, what: int, at: int = 0, data: bytes = b"", length: int = 0) -> bytes:
        self.line.sendall(REQUEST.pack(0x25609513, 0, what, 7, at, length or len(data)) + data)
        _, error, handle = REPLY.unpack(_exactly(self.line, REPLY.size))
        assert (error, handle) == (0, 7)
        return _exactly(self.line, length if what == READ else 0)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forgetful:
    monkeypatch.setattr(forgetful, "FLUSH_S", 0.0)
    (tmp_path / "disk").write_bytes(BEFORE)
    made = Forgetful(tmp_path / "disk", tmp_path / "sock")
    made.plug()
    return made


@pytest.mark.parametrize("seed", range(8))
def test_what_was_flushed_stays_and_the_rest_is_lost_kept_or_torn(disk: Forgetful, seed: int) -> None:
    far = Far(disk)
    assert far.size == len(BEFORE)
    far.ask(WRITE, 0, b"B" * SECTOR)
    far.ask(FLUSH)
    far.ask(WRITE, 2 * SECTOR, b"C" * 3 * SECTOR)
    far.ask(WRITE, 6 * SECTOR, b"D" * SECTOR)
    assert far.ask(READ, 2 * SECTOR, length=SECTOR) == b"C" * SECTOR  # the machine itself reads what it wrote
    far.line.close()
    disk.cut(random.Random(seed))
    found = disk.path.read_bytes()
    whole = [found[n * SECTOR] for n in range(8)]
    assert found == b"".join(bytes([one]) * SECTOR for one in whole)  # torn only between sectors
    assert bytes(whole[:2]) == b"BA"
    assert bytes(whole[2:5]) in (b"AAA", b"CAA", b"CCA", b"CCC")
    assert bytes(whole[5:]) in (b"AAA", b"ADA")
    assert disk.lost + disk.survived == 2


def test_each_fate_is_met(disk: Forgetful) -> None:
    fates = set()
    for seed in range(40):
        disk.path.write_bytes(BEFORE)
        if seed:
            disk.plug()
        far = Far(disk)
        far.ask(WRITE, 0, b"C" * 3 * SECTOR)
        far.line.close()
        disk.cut(random.Random(seed))
        fates.add(disk.path.read_bytes().count(b"C") // SECTOR)
    assert fates == {0, 1, 2, 3}
