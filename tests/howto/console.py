"""The console as somebody with an account uses it, over the same routes as its pages. Holds the signing in and the asking."""

from __future__ import annotations

import itertools
from typing import Any

import httpx

PASSWORD = "mười-hai-con-giáp"
_asked = itertools.count(1)


class Console:
    def __init__(self, base: str, login: str) -> None:
        self._http = httpx.Client(base_url=base, timeout=30, trust_env=False)
        answer = self._http.post("/login", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self._http.headers["X-CSRF-Token"] = answer.json()["csrf"]

    def page(self, path: str) -> str:
        answer = self._http.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:2000])
        return answer.text

    def get(self, path: str) -> Any:
        answer = self._http.get(f"/api/v1{path}")
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        answer = self._http.post(f"/api/v1{path}", json={"request_id": f"howto-{next(_asked)}", **body})
        assert answer.status_code in (200, 201, 202), (path, answer.status_code, answer.text)
        return answer.json() if answer.content else {}

    def close(self) -> None:
        self._http.close()
