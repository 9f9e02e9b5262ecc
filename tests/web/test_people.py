"""Signing in and out: cookies, CSRF, a new session each time, and what happens to whoever guesses."""

from __future__ import annotations

import pytest

from tests.web.helpers import PASSWORD, Site, rid


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    answer = site.nobody().post("/login", json={"login": site.person("clerk"), "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # this server speaks plain HTTP: a browser would never send it back
    assert (answer.json()["role"], answer.json()["sites"]) == ("clerk", [site.code])
    assert PASSWORD not in answer.text


def test_a_form_goes_on_to_the_page_that_was_asked_for(site: Site) -> None:
    login = site.person("clerk")
    answer = site.nobody().post("/login?next=/counter/1", data={"login": login, "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/counter/1")


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere(site: Site, wanted: str) -> None:
    answer = site.nobody().post("/login", params={"next": wanted}, data={"login": site.person("clerk"), "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_wrong_password_and_an_unknown_name_look_the_same(site: Site) -> None:
    nobody, login = site.nobody(), site.person("clerk")
    wrong = nobody.post("/login", json={"login": login, "password": "sai-mật-khẩu"})
    unknown = nobody.post("/login", json={"login": "no-one-here", "password": "sai-mật-khẩu"})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    for name in ("code", "title", "detail"):
        assert wrong.json()[name] == unknown.json()[name]


def test_the_page_says_in_vietnamese_what_went_wrong(site: Site) -> None:
    answer = site.nobody().post("/login", data={"login": "ai-do", "password": "sai"}, headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert "Tên đăng nhập hoặc mật khẩu chưa đúng" in answer.text
    assert 'value="ai-do"' in answer.text


def test_whoever_guesses_has_to_wait_and_others_do_not(site: Site) -> None:
    nobody, victim, other = site.nobody(), site.person("clerk"), site.person("clerk")
    answers = [nobody.post("/login", json={"login": victim, "password": "sai"}) for _ in range(11)]
    assert {answer.status_code for answer in answers} == {401, 429}
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert answers[-1].json()["code"] in ("rate_limited", "account_resting")
    assert nobody.post("/login", json={"login": victim, "password": PASSWORD}).status_code == 429
    assert nobody.post("/login", json={"login": other, "password": PASSWORD}).status_code == 200


def test_a_session_must_repeat_its_token_for_whatever_changes_something(site: Site) -> None:
    browser = site.signed_in("attendant")
    good = browser.headers.pop("X-CSRF-Token")
    body = {"request_id": rid(), "service": "ho-tich"}
    for token in (None, "", "wrong", good + "x"):
        headers = {} if token is None else {"X-CSRF-Token": token}
        answer = browser.post("/api/v1/tickets", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert browser.get("/api/v1/services").status_code == 200
    assert browser.post("/api/v1/tickets", json=body, headers={"X-CSRF-Token": good}).status_code == 201


def test_a_program_needs_no_csrf_token(site: Site) -> None:
    assert site.http("issue").post("/api/v1/tickets", json={"request_id": rid(), "service": "ho-tich"}).status_code == 201


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_no_other_site_signs_anybody_in(site: Site, headers: dict[str, str]) -> None:
    answer = site.nobody().post("/login", json={"login": site.person("clerk"), "password": PASSWORD}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_signing_in_again_ends_the_old_session(site: Site) -> None:
    browser, login = site.nobody(), site.person("clerk")
    browser.post("/login", json={"login": login, "password": PASSWORD})
    old = browser.cookies["toiluot_session"]
    browser.post("/login", json={"login": login, "password": PASSWORD})
    assert browser.cookies["toiluot_session"] != old
    thief = site.nobody()
    thief.cookies.set("toiluot_session", old)
    assert thief.get("/api/v1/session").status_code == 401


def test_signing_out_ends_the_session_at_once(site: Site) -> None:
    browser = site.signed_in("clerk")
    kept = browser.cookies["toiluot_session"]
    assert browser.get("/api/v1/session").json()["role"] == "clerk"
    assert site.nobody().post("/logout", json={}).status_code == 401
    assert browser.post("/logout", json={}, headers={"X-CSRF-Token": "wrong"}).status_code == 403
    assert browser.post("/logout", json={}).status_code == 200
    thief = site.nobody()
    thief.cookies.set("toiluot_session", kept)
    assert thief.get("/api/v1/session").status_code == 401


def test_a_form_may_carry_the_token_as_a_field(site: Site) -> None:
    browser = site.signed_in("clerk")
    token = browser.headers.pop("X-CSRF-Token")
    answer = browser.post("/logout", data={"csrf_token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"login":1,"password":2}', b'{"login":"a"}', b'{"login":"a","password":"b","x":1}', b"\xff"]
)
def test_a_malformed_log_in_is_refused_in_words(site: Site, body: bytes) -> None:
    answer = site.nobody().post("/login", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] in ("malformed", "invalid")
