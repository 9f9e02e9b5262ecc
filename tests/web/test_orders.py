"""Orders, files and cards over the wire: from a technician's click to what the device brought, and back."""

from __future__ import annotations

import io
import re
import tomllib
import zipfile
from typing import Any

import pytest
import yaml

from queue_server.contract.orders import MAX_FILE_BYTES
from tests.web.helpers import Site, rid

PNG = b"\x89PNG\r\n\x1a\n"


def told(browser: Any, path: str, **fields: Any) -> Any:
    return browser.post(f"/api/v1{path}", json={"request_id": rid(), **fields})


def beat(program: Any, device: str = "kiosk-01") -> dict[str, Any]:
    answer = program.post("/api/v1/devices/heartbeat", json={"device": device, "role": "kiosk"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def bring(program: Any, order: str, content: bytes, kind: str) -> Any:
    return program.put(f"/api/v1/devices/orders/{order}/file", content=content, headers={"Content-Type": kind})


def test_an_order_goes_out_with_a_beat_and_its_file_comes_back_to_the_console(site: Site) -> None:
    technician, kiosk = site.signed_in("technician"), site.http("issue")
    beat(kiosk)
    made = told(technician, "/devices/kiosk-01/orders", kind="screenshot").json()
    assert beat(kiosk)["orders"] == [{"id": made["id"], "kind": "screenshot", "args": {}}]
    shot = PNG + b"x" * 300_000  # larger than any other body may be
    assert bring(kiosk, made["id"], shot, "image/png").json() == {"order": made["id"], "type": "image/png", "bytes": len(shot)}
    assert told(kiosk, f"/devices/orders/{made['id']}/done", ok=True).json()["file"] == {"type": "image/png", "bytes": len(shot)}
    seen = technician.get(f"/api/v1/devices/orders/{made['id']}/file")
    assert (seen.content, seen.headers["content-type"]) == (shot, "image/png")
    assert technician.get("/api/v1/devices/orders").json()["orders"][0]["ordered_by"].startswith("person:")


def test_a_bundle_is_saved_never_opened_and_holds_no_number(site: Site) -> None:
    technician, kiosk = site.signed_in("technician"), site.http("issue")
    beat(kiosk)
    made = told(technician, "/devices/kiosk-01/orders", kind="bundle").json()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        bundle.writestr("journal.txt", "quầy 1: 012345678901 Nguyễn Văn An\n")
    assert bring(kiosk, made["id"], packed.getvalue(), "application/zip").status_code == 200
    seen = technician.get(f"/api/v1/devices/orders/{made['id']}/file")
    assert seen.headers["content-disposition"].startswith("attachment;")
    text = zipfile.ZipFile(io.BytesIO(seen.content)).read("journal.txt").decode()
    assert text == "quầy 1: [xoá] [xoá]\n"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [(b"<svg/>", "image/png", 422), (PNG, "text/html", 415), (PNG, "text/plain", 415), (PNG + b"x" * MAX_FILE_BYTES, "image/png", 413)],
)
def test_what_is_no_such_file_stays_outside(site: Site, content: bytes, kind: str, status: int) -> None:
    technician, kiosk = site.signed_in("technician"), site.http("issue")
    beat(kiosk)
    made = told(technician, "/devices/kiosk-01/orders", kind="screenshot").json()
    assert bring(kiosk, made["id"], content, kind).status_code == status
    assert technician.get(f"/api/v1/devices/orders/{made['id']}/file").status_code == 404


def test_nobody_without_a_credential_may_send_more_than_a_message(site: Site) -> None:
    assert bring(site.nobody(), "x", b"x" * 70_000, "image/png").status_code == 413


def test_a_person_neither_answers_orders_nor_brings_files(site: Site) -> None:
    technician, kiosk, clerk = site.signed_in("technician"), site.http("issue"), site.signed_in("clerk")
    beat(kiosk)
    made = told(technician, "/devices/kiosk-01/orders", kind="screenshot").json()
    assert told(clerk, f"/devices/orders/{made['id']}/done", ok=True).status_code == 404
    assert bring(clerk, made["id"], PNG, "image/png").status_code == 404


def test_settings_are_signed_previewed_and_told_with_the_beat(site: Site) -> None:
    technician, kiosk = site.signed_in("technician"), site.http("issue")
    beat(kiosk)
    wanted = {"printer": {"paper_m": 30}}
    looked = told(technician, "/devices/config/preview", version=0, document=wanted).json()
    assert looked["devices"] == [{"device": "kiosk-01", "changes": [{"key": "printer.paper_m", "from": None, "to": 30}]}]
    assert told(technician, "/devices/config/change", version=0, document=wanted).json()["version"] == 1
    assert beat(kiosk)["config_version"] == 1
    own = kiosk.get("/api/v1/devices/kiosk-01/config").json()
    assert own["document"] == {"printer": {"paper_m": 30}, "role": "kiosk", "name": "kiosk-01", "servers": [site.base]}
    assert re.fullmatch(r"[0-9A-Za-z_-]{86}", own["signature"])
    assert told(technician, "/devices/config/change", version=0, document={}).status_code == 409
    assert site.signed_in("attendant").get("/api/v1/devices/kiosk-01/config").status_code == 404


def test_a_card_is_three_files_that_cloud_init_and_the_device_can_read(site: Site) -> None:
    technician = site.signed_in("technician")
    facts = {
        "role": "kiosk",
        "name": "kiosk-07",
        "servers": ["https://10.0.0.2:8443"],
        "wifi_name": 'a": b\\',
        "wifi_password": "mật khẩu dài",
    }
    made = told(technician, "/devices/cards", **facts | {"join_key": "tlj_AbCdEf", "panel": "15in-1920x1080", "address": "10.0.0.9/24"})
    files = made.json()["files"]
    assert sorted(files) == ["meta-data", "network-config", "user-data"]
    assert files["user-data"].startswith("#cloud-config\n")
    data = yaml.safe_load(files["user-data"])
    join = tomllib.loads(data["write_files"][0]["content"])
    assert (join["name"], join["join_key"], join["servers"], join["site"]) == ("kiosk-07", "tlj_AbCdEf", facts["servers"], site.code)
    assert join["ca_pem"].startswith("-----BEGIN CERTIFICATE-----")
    assert data["write_files"][0]["permissions"] == "0600"
    network = yaml.safe_load(files["network-config"])["network"]
    assert network["wifis"]["wlan0"]["access-points"] == {facts["wifi_name"]: {"password": facts["wifi_password"]}}
    assert network["wifis"]["wlan0"]["addresses"] == ["10.0.0.9/24"]
    assert "tlj_" not in files["meta-data"]
    no = told(technician, "/devices/cards", **facts | {"name": "Kiosk 7", "wifi_password": "ngắn", "address": "x"})
    assert {each["pointer"] for each in no.json()["errors"]} == {"/name", "/wifi_password", "/address"}
