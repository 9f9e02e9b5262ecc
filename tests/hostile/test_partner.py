"""A dossier system that answers anything: the feed waits or sets aside, and neither falls over nor fills up."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from queue_server.dossier.adapters import Refusal, Wait
from queue_server.dossier.adapters.rest import Rest
from queue_server.dossier.adapters.wire import MOST_BYTES
from queue_server.dossier.partner import partner as partner_at

RECORD = {"MaBanGhi": "S:T:1", "PhienBan": 1}
GOOD_TOKEN = b'{"access_token":"t","expires_in":300}'
GOOD = b'{"results":[{"record_id":"S:T:1","status":"accepted"}]}'


def answer(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    head = b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nConnection: close\r\n" + more
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class FarEnd:
    """Answers the token call and the batch call with given bytes, whatever they are."""

    def __init__(self) -> None:
        self.token, self.batch, self.trickles = answer(GOOD_TOKEN), answer(GOOD), False
        self.asked: list[bytes] = []
        self._sock = socket.create_server(("127.0.0.1", 0))
        self._ending = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._sock.getsockname()[1]}"

    def close(self) -> None:
        self._ending.set()
        self._sock.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._sock.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with peer:
            asked = peer.recv(65536)
            self.asked.append(asked)
            batch = asked.startswith(b"POST /queue-records")
            try:
                peer.sendall(self.batch if batch else self.token)
                while batch and self.trickles and not self._ending.wait(0.02):
                    peer.sendall(b" ")
                peer.shutdown(socket.SHUT_WR)
                peer.recv(65536)
            except OSError:
                return


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    made = FarEnd()
    yield made
    made.close()


@pytest.fixture
def partner(far_end: FarEnd) -> Iterator[Rest]:
    made = partner_at(far_end.url, f"{far_end.url}/token", "id", "secret", answer_s=10, whole_s=2.0)
    yield made
    made.close()


def rows(*found: object) -> bytes:
    return answer(json.dumps({"results": list(found)}).encode())


OPEN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
BATCHES = {
    "not http": b"rubbish\r\n\r\n",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "half a body": OPEN + b"Content-Length: 500\r\n\r\n{",
    "no json": answer(b"<html>Welcome</html>"),
    "bad utf-8": answer(b'{"results":"\xff\xfe"}'),
    "a list": answer(b"[]"),
    "null": answer(b"null"),
    "a number": answer(b"1e400"),
    "endless digits": answer(b'{"results":' + b"9" * 10_000 + b"}"),
    "deep": answer(b"[" * 200_000),
    "deep and closed": answer(b'{"results":' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
    "results no list": answer(b'{"results":{"a":1}}'),
    "rows no objects": rows(1, None, "x"),
    "rows of rows": rows([[]]),
    "no rows": rows(),
    "an id that is no text": rows({"record_id": ["S:T:1"], "status": "accepted"}),
    "a status that is no text": rows({"record_id": "S:T:1", "status": {"a": 1}}),
    "a status of its own": rows({"record_id": "S:T:1", "status": "perhaps"}),
    "another record": rows({"record_id": "OTHER", "status": "accepted"}),
    "huge": answer(b"x" * (MOST_BYTES + 1)),
    "a bomb": answer(gzip.compress(b" " * 50_000_000), more=b"Content-Encoding: gzip\r\n"),
    "away": answer(b"", b"302 Found", b"Location: http://127.0.0.1:1/\r\n"),
    "a strange number": answer(b"", b"999 What"),
    "a busy server": answer(b"\x00\xff", b"503 Busy", b"Retry-After: 1e400\r\n"),
}


@pytest.mark.parametrize("name", BATCHES)
def test_an_answer_that_says_nothing_is_waited_out(far_end: FarEnd, partner: Rest, name: str) -> None:
    far_end.batch = BATCHES[name]
    with pytest.raises(Wait) as told:
        partner.deliver([RECORD])
    assert len(str(told.value)) < 200
    far_end.batch = answer(GOOD)
    assert [result.status for result in partner.deliver([RECORD])] == ["accepted"]


def test_an_answer_that_never_ends_is_left(far_end: FarEnd, partner: Rest) -> None:
    far_end.batch, far_end.trickles = OPEN + b"\r\n{", True
    begun = time.monotonic()
    with pytest.raises(Wait, match="does not end"):
        partner.deliver([RECORD])
    assert time.monotonic() - begun < 20


TOKENS = {
    "none": answer(b"{}"),
    "a number": answer(b'{"access_token":7}'),
    "a list": answer(b"[]"),
    "deep": answer(b"[" * 200_000),
    "empty": answer(b'{"access_token":""}'),
    "a header of its own": answer(b'{"access_token":"x\\r\\nX-Evil: 1"}'),
    "letters no header holds": answer('{"access_token":"đ"}'.encode()),
    "a lone surrogate": answer(b'{"access_token":"\\ud800"}'),
    "huge": answer(json.dumps({"access_token": "x" * 100_000}).encode()),
    "no json": answer(b"<html>"),
    "refused": answer(b"{}", b"400 Bad Request"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_that_is_none_is_waited_for(far_end: FarEnd, partner: Rest, name: str) -> None:
    far_end.token = TOKENS[name]
    with pytest.raises(Wait):
        partner.deliver([RECORD])
    assert not any(b"X-Evil" in asked for asked in far_end.asked)
    far_end.token = answer(GOOD_TOKEN)
    assert partner.deliver([RECORD])


@pytest.mark.parametrize("lasts", ['"soon"', "null", "-5", "1e400", "true", "[]", "99999999999999999999", "0"])
def test_a_token_of_strange_duration_is_used(far_end: FarEnd, partner: Rest, lasts: str) -> None:
    far_end.token = answer(b'{"access_token":"t","expires_in":%s,"expires_at":"x"}' % lasts.encode())
    assert [[result.status for result in partner.deliver([RECORD])] for _ in range(2)] == [["accepted"]] * 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":{"a":1},"detail":["x"]}',
        b'{"detail":"a\\u0000\\ud800b"}',
        b"\xff\x00",
        b"[" * 200_000,
        b'{"code":1e400}',
        b"x" * 1_000_000,
    ],
)
def test_words_of_a_refusal_can_be_kept(far_end: FarEnd, partner: Rest, body: bytes) -> None:
    far_end.batch = answer(body, b"422 No")
    with pytest.raises(Refusal) as told:
        partner.deliver([RECORD])
    kept = json.dumps([told.value.code, told.value.detail], ensure_ascii=False).encode()
    assert len(kept) < 2000
    assert b"\\u0000" not in kept
