"""Signed requests against a running server: what is taken, what is refused, and how soon a revoked device is out."""

from __future__ import annotations

import hashlib
import itertools
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from queue_server.authority import Authority
from queue_server.contract import device as shared
from queue_server.domain.event import canonical
from queue_server.domain.principal import DEVICE_ROLES
from queue_server.web.routes import ROUTES, full_path
from tests.identity.devices import Device
from tests.web.helpers import Site, until

_seeds = itertools.count(1000)


class Rig:
    """One device, its line, and a technician's program."""

    def __init__(self, site: Site) -> None:
        self.site, self.device = site, Device(next(_seeds))
        self.line = httpx.Client(base_url=site.base, auth=self.device, timeout=30)
        self.bare = httpx.Client(base_url=site.base, timeout=30)
        self.technician = site.http("fleet")
        self.numbers = itertools.count(1)

    def close(self) -> None:
        self.line.close()
        self.bare.close()

    def enrol(self, line: httpx.Client | None = None, device: Device | None = None, **more: Any) -> httpx.Response:
        body = {"public_key": (device or self.device).public, "role": "kiosk", "site": self.site.code, **more}
        return (line or self.line).post("/api/v1/enrol", json=body)

    def said(self, path: str, **body: Any) -> httpx.Response:
        return self.technician.post(f"/api/v1{path}", json={"request_id": f"t{next(self.numbers)}", **body})

    def admitted(self, role: str = "kiosk") -> dict[str, Any]:
        waits = self.enrol(role=role).json()
        assert self.said(f"/enrolments/{waits['enrolment']}/accept", name="may-07", user_code=waits["user_code"]).status_code == 200
        answer = self.line.get(f"/api/v1/enrol/{waits['enrolment']}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def code(self, answer: httpx.Response) -> tuple[int, str]:
        return answer.status_code, str(answer.json().get("code"))

    def signed(self, method: str = "GET", path: str = "/api/v1/services", **more: Any) -> httpx.Request:
        request = self.bare.build_request(method, path, **more)
        self.device.sign(request)
        return request


@pytest.fixture
def rig(site: Site) -> Iterator[Rig]:
    made = Rig(site)
    yield made
    made.close()


def test_admitted_it_gets_all_it_needs_and_issues_under_its_own_name(rig: Rig) -> None:
    told = rig.admitted()
    assert (told["device"], told["site"], told["role"]) == ("may-07", rig.site.code, "kiosk")
    assert told["servers"] == [rig.site.base]
    assert rig.enrol().status_code == 200  # asking again
    config = told["config"]
    site_key = Ed25519PublicKey.from_public_bytes(shared.decode(told["site_key"]))
    site_key.verify(shared.decode(config["signature"]), canonical(config["document"]).encode())
    assert told["ca_pem"].startswith("-----BEGIN CERTIFICATE-----")
    issued = rig.line.post("/api/v1/tickets", json={"request_id": "n1", "service": "ho-tich", "source": "kiosk"})
    assert issued.status_code == 201
    assert lost_marks(rig) == []
    assert rig.said("/devices/may-07/lost", since="2026-01-01T00:00:00+07:00").status_code == 200
    assert lost_marks(rig) == [issued.json()["id"]]
    events = rig.site.http("feed").get("/api/v1/events", params={"after": "0"}).json()["events"]
    assert next(event["actor"] for event in events if event["type"] == "issued") == "device:may-07"


def lost_marks(rig: Rig) -> list[str]:
    events = rig.site.http("feed").get("/api/v1/events", params={"after": "0"}).json()["events"]
    return [event["ticket"] for event in events if event["type"] == "annotated" and event["data"].get("code") == "device_lost"]


def test_what_was_said_once_is_not_heard_again(rig: Rig) -> None:
    rig.admitted()
    request = rig.signed()
    assert rig.bare.send(request).status_code == 200
    assert rig.code(rig.bare.send(request)) == (401, "replayed")
    beat = rig.signed("POST", "/api/v1/devices/heartbeat", json={"device": "may-07", "role": "kiosk"})
    assert rig.bare.send(beat).status_code == 200
    assert rig.code(rig.bare.send(beat)) == (401, "replayed")


@pytest.mark.full
def test_requests_may_overtake_each_other_within_the_window(rig: Rig) -> None:
    rig.admitted()
    early = [rig.signed() for _ in range(40)]
    assert rig.bare.send(rig.signed()).status_code == 200
    assert {rig.bare.send(each).status_code for each in reversed(early[-5:])} == {200}
    assert rig.code(rig.bare.send(early[-1])) == (401, "replayed")


def test_a_number_from_long_ago_is_told_as_a_copy_of_the_card(rig: Rig) -> None:
    rig.admitted()
    old = rig.signed()
    for _ in range(2):
        next(rig.device.numbers)
    rig.device.numbers = itertools.count(1000)
    assert rig.bare.send(rig.signed()).status_code == 200
    answer = rig.bare.send(old)
    assert rig.code(answer) == (401, "replayed")
    assert answer.json()["above"] == 1000
    assert rig.technician.get("/api/v1/devices/may-07/identity").json()["cloned_at"] is not None


Sent = dict[str, Any]


def header(name: str, change: Callable[[str], str]) -> Callable[[Sent], Sent]:
    return lambda sent: {**sent, "headers": {**sent["headers"], name: change(sent["headers"][name])}}


def relabelled(sent: Sent) -> Sent:
    for name in ("signature", "signature-input"):
        sent = header(name, lambda value: value.replace("toiluot=", "other=", 1))(sent)
    return sent


CHANGED: dict[str, Callable[[Sent], Sent]] = {
    "body": lambda sent: {**sent, "content": sent["content"].replace(b"kiosk", b"board")},
    "path": lambda sent: {**sent, "url": "/api/v1/leases"},
    "query": lambda sent: {**sent, "url": f"{sent['url']}?site=W1"},
    "host": header("host", lambda _: "elsewhere.example"),
    "counter": header("toiluot-counter", lambda number: str(int(number) + 1)),
    "no counter": header("toiluot-counter", lambda _: ""),
    "digest": header("content-digest", lambda _: shared.digest_header(b"another")),
    "key": header("signature-input", lambda value: value.replace('keyid="', 'keyid="A')),
    "less covered": header("signature-input", lambda value: value.replace(' "content-digest"', "")),
    "no nonce": header("signature-input", lambda value: value.partition(";nonce")[0]),
    "nonsense": header("signature-input", lambda _: "((("),
    "endless": header("signature", lambda value: value + "A" * 5000),
    "label": relabelled,
}


def test_whatever_is_changed_on_the_way_is_refused(rig: Rig) -> None:
    rig.admitted()
    for what, change in CHANGED.items():
        request = rig.signed("POST", "/api/v1/devices/heartbeat", json={"device": "may-07", "role": "kiosk"})
        sent = {"url": "/api/v1/devices/heartbeat", "headers": dict(request.headers), "content": request.content}
        answer = rig.bare.post(**change(sent))
        assert rig.code(answer) == (401, "signature_invalid"), (what, answer.text)
        assert rig.bare.post(**sent).status_code == 200, what  # a refused request uses no number up


@pytest.mark.full
def test_a_clock_in_the_past_or_the_future_is_nobodys_fault(rig: Rig) -> None:
    rig.admitted()
    for created in (0, 1, 4_102_444_800):
        request = rig.bare.build_request("GET", "/api/v1/services")
        rig.device.sign(request, created=created)
        assert rig.bare.send(request).status_code == 200


@pytest.mark.full
def test_a_strangers_signature_says_nothing_about_who_is_known(rig: Rig) -> None:
    stranger = httpx.Client(base_url=rig.site.base, auth=Device(next(_seeds)), timeout=30)
    assert rig.code(stranger.get("/api/v1/services")) == (401, "signature_invalid")
    assert rig.code(rig.enrol(stranger)) == (401, "signature_invalid")  # another key's name shown
    assert rig.code(rig.enrol(rig.bare)) == (401, "signature_invalid")  # not signed at all
    waits = rig.enrol().json()["enrolment"]
    assert rig.code(stranger.get(f"/api/v1/enrol/{waits}")) == (401, "signature_invalid")
    assert rig.bare.get(f"/api/v1/enrol/{waits}").status_code == 404
    stranger.close()


@pytest.mark.full
def test_asking_too_often_is_told_to_slow_down(rig: Rig) -> None:
    waits = rig.enrol().json()["enrolment"]
    assert rig.line.get(f"/api/v1/enrol/{waits}").status_code == 202
    answers = {rig.code(rig.line.get(f"/api/v1/enrol/{waits}")) for _ in range(3)}
    assert (429, "slow_down") in answers


@pytest.mark.full
def test_five_wrong_codes_and_nobody_looks_for_a_while(rig: Rig) -> None:
    waits = rig.enrol().json()
    told = [rig.code(rig.said(f"/enrolments/{waits['enrolment']}/accept", name="may-07", user_code="BBBB-BBBB")) for _ in range(6)]
    assert told[:5] == [(403, "wrong_code")] * 5
    assert told[5] == (429, "rate_limited")
    answer = rig.said(f"/enrolments/{waits['enrolment']}/accept", name="may-07", user_code=waits["user_code"])
    assert rig.code(answer) == (429, "rate_limited")


def test_a_suspended_or_revoked_device_is_out_at_its_next_request(rig: Rig) -> None:
    told = rig.admitted()
    assert rig.line.get("/api/v1/services").status_code == 200
    rig.said("/devices/may-07/suspend", reason="thử")
    assert rig.code(rig.line.get("/api/v1/services")) == (403, "device_suspended")
    rig.said("/devices/may-07/resume")
    assert rig.line.get("/api/v1/services").status_code == 200
    rig.said("/devices/may-07/revoke")
    answer = rig.line.get("/api/v1/services")
    assert rig.code(answer) == (403, "device_revoked")
    forgets(rig, told, answer.json()["wipe"])


def forgets(rig: Rig, told: dict[str, Any], wipe: dict[str, Any]) -> None:
    """The site signed that this very key is to be forgotten."""
    assert wipe["document"] == {"keyid": rig.device.keyid, "wipe": True}
    site_key = Ed25519PublicKey.from_public_bytes(shared.decode(told["site_key"]))
    site_key.verify(shared.decode(wipe["signature"]), canonical(wipe["document"]).encode())


def test_an_order_to_forget_goes_out_signed_for_the_key_that_asks(rig: Rig) -> None:
    told = rig.admitted()
    assert rig.said("/devices/may-07/orders", kind="wipe", confirm="may-07").status_code == 201
    beat = {"device": "may-07", "role": "kiosk"}
    (order,) = rig.line.post("/api/v1/devices/heartbeat", json=beat).json()["orders"]
    assert order["kind"] == "wipe"
    forgets(rig, told, order["args"])


def test_an_open_stream_ends_when_its_board_is_revoked(rig: Rig) -> None:
    rig.admitted("board")
    begun, ended = threading.Event(), threading.Event()

    def listen() -> None:
        with rig.line.stream("GET", "/api/v1/stream") as answer:
            assert answer.status_code == 200
            for _ in answer.iter_lines():
                begun.set()
        ended.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    until(begun.is_set, 30)
    rig.said("/devices/may-07/revoke")
    until(ended.is_set, 30)
    assert rig.code(rig.line.get("/api/v1/board")) == (403, "device_revoked")


@pytest.mark.full
def test_a_device_reports_for_itself_alone_and_does_only_what_its_role_does(rig: Rig) -> None:
    rig.admitted("board")
    beat = {"device": "may-08", "role": "board"}
    assert rig.code(rig.line.post("/api/v1/devices/heartbeat", json=beat)) == (403, "forbidden")
    assert rig.line.post("/api/v1/devices/heartbeat", json={**beat, "device": "may-07"}).status_code == 200
    assert rig.line.get("/api/v1/board").status_code == 200
    ticket = {"request_id": "x", "service": "ho-tich"}
    assert rig.code(rig.line.post("/api/v1/tickets", json=ticket)) == (403, "forbidden")
    assert rig.code(rig.line.get("/api/v1/enrolments")) == (403, "forbidden")


def test_a_join_key_is_shown_once_and_a_new_key_follows_the_old(rig: Rig) -> None:
    body = {"request_id": "j1", "role": "kiosk", "ttl_s": 3600, "name": "may-03"}
    made = rig.technician.post("/api/v1/join-keys", json=body)
    assert made.status_code == 201
    again = rig.technician.post("/api/v1/join-keys", json=body).json()
    assert again["id"] == made.json()["id"]
    assert "join_key" not in again
    answer = rig.enrol(join_key=made.json()["join_key"])
    assert (answer.status_code, answer.json()["device"]) == (200, "may-03")
    follower = Device(next(_seeds))
    turned = rig.line.post("/api/v1/devices/rotate", json={"request_id": "r1", "public_key": follower.public})
    assert turned.json()["words"] == list(shared.words(follower.raw))
    with httpx.Client(base_url=rig.site.base, auth=follower, timeout=30) as line:
        assert line.get("/api/v1/services").status_code == 200
    assert rig.line.get("/api/v1/services").status_code == 200
    assert (
        rig.site.http("admin").post("/api/v1/devices/rotate", json={"request_id": "r2", "public_key": follower.public}).status_code == 404
    )


@pytest.mark.full
@pytest.mark.slow(reason="every row of the route table, signed by a device of each role")
@pytest.mark.parametrize("role", ["kiosk", "board", "keypad", "server"])
def test_a_device_of_each_role_gets_exactly_what_the_table_says(rig: Rig, role: str) -> None:
    rig.admitted(role)
    for route in ROUTES:
        if not route.needs:
            continue
        address = re.sub(r"\{\w+\}", "1", full_path(route))
        with rig.line.stream(route.method, address, json={} if route.message else None) as answer:
            allowed = "*" in route.needs or bool(DEVICE_ROLES[role] & set(route.needs))
            assert (answer.status_code == 403) is not allowed, (role, route.name, answer.status_code)
            assert answer.status_code != 401, (role, route.name)


def test_the_page_says_the_words_and_hands_out_the_certificate(site: Site) -> None:
    nobody = site.nobody()
    page = nobody.get("/ca")
    assert page.status_code == 200
    words = Authority(site.store).ca_words
    assert " · ".join(words) in page.text
    der = nobody.get("/ca.crt")
    assert der.headers["content-type"] == "application/x-x509-ca-cert"
    shown = page.text.replace(" ", "")
    assert hashlib.sha256(der.content).hexdigest().upper() in shown
    assert nobody.get("/ca.pem").text == Authority(site.store).ca_pem
