"""Tokens by OAuth2: client credentials, or a technical user's password where a partner's Keycloak wants one.

The grant is Authlib's (`ClientAuth`, `OAuth2Token`), without its session classes: those for httpx are on their way out. A token
is kept in memory alone and fetched again once where the partner no longer takes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import httpx
from authlib.common.urls import url_encode
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749 import OAuth2Token

from . import Wait
from .wire import Wire, retry_after_s, said

LONGEST_TOKEN_S = 86_400
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
CLIENT_CREDENTIALS = (("grant_type", "client_credentials"),)


class OAuth:
    """Calls with a bearer token of one token endpoint."""

    def __init__(
        self,
        wire: Wire,
        token_url: str,
        client_id: str,
        client_secret: str,
        *,
        grant: Sequence[tuple[str, str]] = CLIENT_CREDENTIALS,
        method: str = "client_secret_basic",
    ) -> None:
        self._wire, self._token_url, self._grant = wire, token_url, list(grant)
        self._credentials = ClientAuth(client_id, client_secret, method)
        self._token: OAuth2Token | None = None

    def call(
        self, method: str, url: str, *, headers: dict[str, str] | None = None, within_s: float | None = None, **request: Any
    ) -> httpx.Response:
        """The answer to one call; after a 401 with one new token."""
        token = self._token
        if token is None or token.is_expired():
            token = self._fetch(within_s)
        answer = self._send(method, url, token, headers or {}, within_s, request)
        if answer.status_code == 401:
            answer = self._send(method, url, self._fetch(within_s), headers or {}, within_s, request)
        return self._wire.settled(answer)

    def _send(
        self, method: str, url: str, token: OAuth2Token, headers: dict[str, str], within_s: float | None, request: dict[str, Any]
    ) -> httpx.Response:
        shown = {**headers, "Authorization": f"Bearer {token['access_token']}"}
        return self._wire.ask(method, url, headers=shown, within_s=within_s, **request)

    def _fetch(self, within_s: float | None) -> OAuth2Token:
        self._token = None
        form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        url, headers, body = self._credentials.prepare("POST", self._token_url, form, url_encode(self._grant))
        answer = self._wire.ask("POST", url, what="token", within_s=within_s, content=body, headers=headers)
        if answer.status_code != 200:
            raise Wait(f"no token from {self._wire.far_end}: it answered {answer.status_code}", retry_after_s(answer))
        told = said(answer)
        token = told.get("access_token") if isinstance(told, dict) else None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise Wait(f"no token from {self._wire.far_end}: its answer holds none")
        lasts_s = told.get("expires_in")
        known = isinstance(lasts_s, int) and not isinstance(lasts_s, bool) and 0 < lasts_s <= LONGEST_TOKEN_S
        found = OAuth2Token.from_dict({"access_token": token, **({"expires_in": lasts_s} if known else {})})
        self._token = found
        return found
