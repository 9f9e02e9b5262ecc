"""Devices of tests: a key, its name, and requests signed with nothing of ours but the words both ends share."""

from __future__ import annotations

import base64
import itertools
import random
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from queue_server.contract import device as shared
from queue_server.domain.principal import ROLES, Principal
from queue_server.services import devices, enrolling
from tests.hall import SITE, Hall

TECHNICIAN = Principal("person", "kim", (SITE,), ROLES["technician"], "technician", "kim")


@dataclass
class Device(httpx.Auth):
    """Signs by RFC 9421 written out by hand, so that the server is not checked by the library it checks with."""

    seed: int = 1
    start: int = 1
    key: Ed25519PrivateKey = field(init=False)
    numbers: itertools.count[int] = field(init=False)
    requires_request_body = True

    def __post_init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(random.Random(self.seed).randbytes(32))
        self.numbers = itertools.count(self.start)

    @property
    def raw(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def public(self) -> str:
        return shared.encode(self.raw)

    @property
    def keyid(self) -> str:
        return shared.keyid(self.raw)

    def auth_flow(self, request: httpx.Request) -> Any:
        self.sign(request)
        yield request

    def sign(self, request: httpx.Request, *, counter: int | None = None, created: int = 1, nonce: str = "bm9uY2U6LSk") -> None:
        number = next(self.numbers) if counter is None else counter
        digest = shared.digest_header(request.content)
        covered = '("@method" "@target-uri" "content-digest" "toiluot-counter")'
        params = f'{covered};created={created};keyid="{self.keyid}";nonce="{nonce}"'
        base = (
            f'"@method": {request.method}\n"@target-uri": {request.url}\n"content-digest": {digest}\n'
            f'"toiluot-counter": {number}\n"@signature-params": {params}'
        )
        signature = base64.b64encode(self.key.sign(base.encode())).decode()
        request.headers["Content-Digest"] = digest
        request.headers["Toiluot-Counter"] = str(number)
        request.headers["Signature-Input"] = f"toiluot={params}"
        request.headers["Signature"] = f"toiluot=:{signature}:"


def asked(hall: Hall, device: Device, role: str = "kiosk", name: str | None = None, join_key: str | None = None) -> dict[str, Any]:
    """What the service answers to a device whose signature was right."""
    told = {"public_key": device.public, "role": role, "name": name, "hardware": {"serial": "10000000a1b2"}, "join_key": join_key}
    return hall.do(lambda unit: enrolling.ask(unit, **told, address="10.0.0.7"), who=Principal("device", "key", (SITE,), frozenset()))


def accepted(hall: Hall, device: Device, name: str = "kiosk-07", role: str = "kiosk", **more: Any) -> dict[str, Any]:
    enrolment = asked(hall, device, role)["enrolment"]
    return hall.do(lambda unit: enrolling.accept(unit, enrolment, name=name, words_match=True, **more), who=TECHNICIAN)


def holder(hall: Hall, device: Device) -> devices.Holder | None:
    with hall.store.read() as reader:
        return devices.holder(reader, device.keyid)
