"""The client's calls of a device about itself: asking to be let in, a new key, what became of an order; and the technician's
for join keys.

Holds addresses and fields alone; how a request travels is `client`'s affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .client_hall import path_part

Json = dict[str, Any]


class DeviceCalls(Protocol):
    """Of a `Client`."""

    def _get(self, path: str, **params: str | None) -> Json: ...

    def _post(self, path: str, body: Json) -> Json: ...

    def _put_file(self, path: str, content: bytes, kind: str) -> None: ...

    def enrol(self, asked: Mapping[str, Any]) -> Json:
        """Signed by the key that asks. The waiting enrolment, or what the device is where it was admitted at once."""
        return self._post("/enrol", dict(asked))

    def enrolment(self, enrolment: str) -> Json:
        return self._get(f"/enrol/{path_part(enrolment)}")

    def join_key(self, request_id: str, **fields: Any) -> Json:
        """role, name, ttl_s, profile: a key for one device, shown this once."""
        return self._post("/join-keys", {"request_id": request_id, **fields})

    def rotate_key(self, request_id: str, public_key: str) -> Json:
        """Signed by the old key; both hold for seven days."""
        return self._post("/devices/rotate", {"request_id": request_id, "public_key": public_key})

    def device_config(self, device: str) -> Json:
        """`{version, document, signature}`: what this device is to run on."""
        return self._get(f"/devices/{path_part(device)}/config")

    def order_done(self, request_id: str, order: str, *, ok: bool, code: str, detail: str | None = None) -> Json:
        return self._post(f"/devices/orders/{path_part(order)}/done", {"request_id": request_id, "ok": ok, "code": code, "detail": detail})

    def order_file(self, order: str, content: bytes, kind: str) -> None:
        """The picture, text or archive that an order asked for."""
        self._put_file(f"/devices/orders/{path_part(order)}/file", content, kind)
