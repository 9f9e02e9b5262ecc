"""What is read over HTTP: board, queue, services, kiosk home, log, figures, seals, leases, devices, the citizen's ticket."""

from __future__ import annotations

import hashlib

import pytest

from queue_server.client import Problem
from queue_server.contract import times
from tests.web.helpers import Site, rid


def test_the_board_shows_calls_and_never_codes_or_actors(site: Site) -> None:
    client = site.client()
    client.counter_command(rid(), "1", "open")
    client.issue(rid(), service="ho-tich", dossier_code="H01-SECRET", holder_key="holdersecret")
    client.issue(rid(), service="ho-tich")
    label = client.next(rid(), "1")["ticket"]["label"]
    board = client.board()
    assert [(call["label"], call["counter"], call["state"]) for call in board["calls"]] == [(label, "1", "called")]
    assert (board["waiting"], board["site"], board["settings"]["stale_after_s"]) == (1, site.code, 20)
    assert not {"SECRET", "secret", "actor", "data"} & set(str(board).replace("'", " ").split())
    assert client.board(zone="nowhere")["calls"] == []


def test_the_board_has_an_etag_from_position_and_zone(site: Site) -> None:
    http = site.http()
    first = http.get("/api/v1/board")
    assert first.headers["Date"]
    again = http.get("/api/v1/board", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert http.get("/api/v1/board?zone=1").headers["ETag"] != first.headers["ETag"]
    http.post("/api/v1/tickets", json={"request_id": rid(), "service": "ho-tich"})
    assert http.get("/api/v1/board", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_board_token_opens_one_page_and_the_public_board_only(site: Site) -> None:
    browser = site.nobody()
    page = browser.get(f"/b/{site.board_token}?zone=1")
    assert page.status_code == 200
    assert f"/b/{site.board_token}/stream?zone=1" in page.text
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert browser.get("/b/static/board.css").status_code == 200
    assert browser.get("/api/v1/board").status_code == 200
    assert browser.get("/api/v1/queue").json()["code"] == "forbidden"
    assert browser.get("/api/v1/events").json()["code"] == "forbidden"
    assert site.nobody().get("/b/not-a-token").status_code == 404
    slashed = site.nobody().get(f"/b/{site.board_token}/?zone=1")
    assert (slashed.status_code, slashed.headers["Location"]) == (308, f"/b/{site.board_token}?zone=1")


def test_the_queue_gives_each_place_its_reason(site: Site) -> None:
    client = site.client()
    ordinary = client.issue(rid(), service="ho-tich")["id"]
    classes = client.kiosk_home()[0]
    assert classes is not None
    preferred = client.issue(rid(), service="ho-tich", priority_class=classes["priority_classes"][0]["code"])["id"]
    rows = client.queue()["tickets"]
    assert [row["id"] for row in rows] == [preferred, ordinary]
    assert rows[0]["reason"]["credits_s"] == {"priority": 1800}
    assert rows[1]["reason"]["rule"] == "arrival"


def test_services_and_kiosk_home(site: Site) -> None:
    client = site.client()
    client.issue(rid(), service="ho-tich")
    service = next(row for row in client.services()["services"] if row["code"] == "ho-tich")
    assert (service["open"], service["waiting"], service["series"]) == (True, 1, "A")
    home, tag = client.kiosk_home()
    assert home is not None
    assert home["site"]["code"] == site.code
    assert {"vi", "en"} <= set(home["languages"])
    assert {row["code"] for row in home["services"]} >= {"ho-tich"}
    assert client.kiosk_home(tag) == (None, tag)
    client.issue(rid(), service="ho-tich")
    assert client.kiosk_home(tag)[0] is not None


def test_the_log_is_read_in_order_by_position(site: Site) -> None:
    client = site.client()
    for _ in range(5):
        client.issue(rid(), service="ho-tich")
    page = client.events(limit=3)
    assert [event["seq"] for event in page["events"]] == [1, 2, 3]
    assert (page["position"], page["site"]) == ("1-3", site.code)
    rest = client.events(page["position"])
    assert [event["seq"] for event in rest["events"]] == list(range(4, 9))
    assert client.events("3")["events"] == rest["events"]
    assert client.events(rest["position"]) == {**rest, "events": []}
    issued = rest["events"][-1]
    assert (issued["type"], issued["subject"]) == ("issued", f"ticket:{issued['ticket']}")
    assert (issued["label"], issued["service"]) == ("A005", "ho-tich")


@pytest.mark.parametrize("after", ["1-999", "2-1", "999999"])
def test_a_position_beyond_the_log_is_told(site: Site, after: str) -> None:
    with pytest.raises(Problem) as caught:
        site.client().events(after)
    assert (caught.value.status, caught.value.code) == (409, "epoch_changed")
    assert caught.value.body["epoch"] == 1
    assert "continues_after" in caught.value.body


def test_more_than_a_thousand_rows_are_clamped_not_refused(site: Site) -> None:
    http = site.http()
    assert http.get("/api/v1/events?limit=100000").status_code == 200
    assert http.get("/api/v1/events?limit=0").json()["errors"][0]["pointer"] == "?limit"
    assert http.get("/api/v1/events?after=x").json()["errors"][0]["pointer"] == "?after"


def test_figures_and_seals(site: Site) -> None:
    client = site.client()
    ticket = client.issue(rid(), service="ho-tich")
    client.cancel(rid(), ticket["id"])
    counts = client.metrics_day(ticket["business_day"])["counts"]
    assert (counts["issued"], counts["called"], counts["cancelled"]) == (1, 0, 1)
    assert client.metrics_day(ticket["business_day"], service="chung-thuc")["counts"]["issued"] == 0
    assert client.seals()["seals"] == []
    with pytest.raises(Problem) as caught:
        client.metrics_day("yesterday")
    assert caught.value.code == "invalid"


def test_leased_numbers_come_from_the_reserve_band_and_settle_once(site: Site) -> None:
    client, known = site.client(), rid()
    lease = client.lease(known, "A", 3)
    assert client.lease(known, "A", 3) == lease
    assert [entry["number"] for entry in lease["entries"]] == [700, 701, 702]
    first = lease["entries"][0]
    told = {"ticket_id": first["ticket_id"], "number": 700, "issued_at": lease["expires_at"], "print": "printed"}
    stranger = {**told, "number": 5}
    results = client.settle(rid(), lease["id"], [told, stranger])["tickets"]
    assert [row["result"] for row in results] == ["settled", "conflict"]
    assert client.settle(rid(), lease["id"], [told])["tickets"][0]["result"] == "already"
    assert client.ticket(first["ticket_id"])["label"] == first["label"]
    page = site.nobody().get(f"/t/{first['token']}.json")
    assert page.json()["label"] == first["label"]


def test_a_heartbeat_is_answered_with_the_time_and_listed(site: Site) -> None:
    client = site.client()
    beat = {
        "device": "kiosk-01",
        "role": "kiosk",
        "version": "0.1.0",
        "clock": {"wall": "2026-11-23T08:00:00+07:00", "synced": True},
        "slots": [{"role": "printer", "state": "degraded", "code": "paper_low", "hint": {"vi": "Sắp hết giấy"}, "paper_left": 40}],
        "errors": [{"code": "timeout", "count": 2}],
        "spool": {"waiting": 0},
    }
    answer = client.heartbeat(beat)
    assert answer["ok"] is True
    assert times.decode(answer["now"])
    client.heartbeat(beat)
    device = client.devices()["devices"][0]
    assert (device["device"], device["role"], device["slots"][0]["code"]) == ("kiosk-01", "kiosk", "paper_low")
    events = [event for event in client.events()["events"] if event["type"].startswith("device.")]
    assert len(events) == 1  # not one per beat


def test_the_citizen_sees_and_changes_only_this_ticket(site: Site) -> None:
    client, nobody = site.client(), site.nobody()
    url = client.issue(rid(), service="ho-tich", dossier_code="H01-SECRET")["url"]
    shown = nobody.get(f"{url}.json")
    assert (shown.json()["label"], shown.json()["state"], shown.json()["ahead"]) == ("A001", "waiting", 0)
    assert "SECRET" not in shown.text
    assert nobody.get(f"{url}.json", headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304
    press = {"request_id": rid()}
    first, again = nobody.post(f"{url}/cancel", json=press), nobody.post(f"{url}/cancel", json=press)
    assert first.json()["state"] == "cancelled"
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    refused = nobody.post(f"{url}/rating", json={"request_id": rid(), "stars": 5})
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert nobody.get("/t/no-such-token.json").status_code == 404


def test_the_citizen_rates_by_a_form_without_scripts(site: Site) -> None:
    client, nobody = site.client(), site.nobody()
    client.counter_command(rid(), "1", "open")
    url = client.issue(rid(), service="ho-tich")["url"]
    ticket = client.next(rid(), "1")["ticket"]["id"]
    client.on_ticket(rid(), ticket, "complete", "1")
    answer = nobody.post(f"{url}/rating", data={"request_id": rid(), "stars": "5"})
    assert (answer.status_code, answer.headers["Location"]) == (303, url)
    assert client.ticket(ticket)["rating"] == 5


def test_the_token_is_not_in_the_database(site: Site) -> None:
    url = site.client().issue(rid(), service="ho-tich")["url"]
    token = url.rsplit("/", 1)[1]
    assert len(token) >= 22  # 128 bits
    with site.store.read() as reader:
        found = reader.ticket_by_token(hashlib.sha256(token.encode()).hexdigest())
    assert found is not None
    assert token not in repr(found)


def test_alive_and_ready_and_open_contract(site: Site) -> None:
    nobody = site.nobody()
    assert nobody.get("/healthz").json()["status"] == "ok"
    assert nobody.get("/readyz").json()["status"] == "ok"
    assert nobody.get("/api/openapi.json").json()["openapi"].startswith("3.1")
    assert site.client("read").ready()


def test_every_answer_of_the_api_forbids_caching_sniffing_and_framing(site: Site) -> None:
    for answer in (site.http().get("/api/v1/services"), site.nobody().get("/api/v1/services"), site.nobody().get("/login")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
