"""The organisation's log-in as this server sees it: discovery, the way there, the code turned into proven claims.

OpenID Connect Core 1.0, authorisation code with PKCE (RFC 7636). Authlib makes the requests and judges the claims, joserfc (its
own keys and signatures) the token's signature. Whatever the far end sends is bounded in length and time and trusted in
nothing: issuer, audience, nonce, times, algorithm and every address it names are checked. Any fault is one refusal.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import httpx
from authlib.common.urls import url_encode
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from queue_server.domain.errors import Refusal
from queue_server.web.sso_settings import Settings, safe_address
from toiluot_edge import Clock

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "RS384", "RS512", "ES384", "ES512"]  # signatures only: no "none", no shared secrets
MOST_BYTES = 256 * 1024
WHOLE_S, ANSWER_S = 10.0, 5.0
KEPT_S = 600.0  # what discovery and the keys said
AGAIN_S = 10.0  # an unknown key is looked for again no sooner
LEEWAY_S = 60
_JSON = {"Accept": "application/json"}


class Provider:
    """One provider; safe to use from several threads."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self._clock = settings, clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Any]] = {}
        # RFC 6749 2.3.1: both are form-encoded before they are joined by a colon; Authlib leaves that to us.
        self._auth = ClientAuth(quote_plus(settings.client_id), quote_plus(settings.client_secret), "client_secret_basic")
        headers = {"User-Agent": "toiluot-server", "Accept-Encoding": "identity"}
        self._http = httpx.Client(timeout=httpx.Timeout(ANSWER_S), trust_env=False, headers=headers, follow_redirects=False)

    def way_there(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent."""
        more = {"nonce": nonce, "code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}
        own = self.settings
        way: str = prepare_grant_uri(
            self._endpoint("authorization_endpoint"), own.client_id, "code", own.redirect_uri, own.scopes, state, **more
        )
        return way

    def claims(self, code: str, nonce: str, verifier: str) -> Mapping[str, Any]:
        """Who logged in, proven: what the provider signed for us, for this very log-in, now."""
        form = {"Content-Type": "application/x-www-form-urlencoded", **_JSON}
        pairs = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", self.settings.redirect_uri)]
        body = url_encode([*pairs, ("code_verifier", verifier)])
        url, headers, body = self._auth.prepare("POST", self._endpoint("token_endpoint"), form, body)
        answer = self._ask("POST", url, content=body, headers=headers)
        token = answer.get("id_token")
        if not isinstance(token, str) or len(token) > MOST_BYTES:
            raise Refusal("sso_failed", why="no id_token")
        return self._proven(token, nonce)

    # ------------------------------------------------------------ what is signed
    def _proven(self, token: str, nonce: str) -> Mapping[str, Any]:
        own = self.settings
        try:
            signed = self._verified(token)
            said = json.loads(signed.payload or b"")
            if not isinstance(said, dict):
                raise Refusal("sso_failed", why="claims are no object")
            options = {"iss": {"essential": True, "value": own.issuer}, "aud": {"essential": True, "value": own.client_id}}
            claims = CodeIDToken(said, signed.headers(), options, {"nonce": nonce, "client_id": own.client_id})
            claims.validate(now=self._clock.wall_ms() // 1000, leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError) as bad:
            raise Refusal("sso_failed", why=type(bad).__name__) from bad
        return dict(claims)

    def _verified(self, token: str) -> Any:
        """The token, its signature checked by a key that the provider names now: a rotated key is fetched once."""
        try:
            return jws.deserialize_compact(token, self._keys(), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            if not self._older_than("keys", AGAIN_S):
                raise
            self.forget("keys")
            return jws.deserialize_compact(token, self._keys(), algorithms=ALGORITHMS)

    def _keys(self) -> KeySet:
        """Public keys only: a key of the kind that signs and checks with one secret is no proof of who signed."""

        def fetched() -> KeySet:
            said = self._ask("GET", self._endpoint("jwks_uri")).get("keys")
            public = (
                [key for key in said if isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP")] if isinstance(said, list) else []
            )
            return KeySet.import_key_set({"keys": public[:50]})

        found: KeySet = self._once("keys", fetched)
        return found

    # ------------------------------------------------------------ where things are
    def _endpoint(self, name: str) -> str:
        address = self._once("discovery", self._discovered).get(name)
        try:
            return safe_address(address if isinstance(address, str) else "")
        except ValueError as bad:
            raise Refusal("sso_failed", why=f"{name} is no safe address") from bad

    def _discovered(self) -> dict[str, Any]:
        found = self._ask("GET", self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found.get("issuer") != self.settings.issuer:
            raise Refusal("sso_failed", why="another issuer")
        return found

    def _once(self, name: str, fetch: Any) -> Any:
        with self._lock:
            kept = self._kept.get(name)
        if kept is not None and 0 <= self._clock.monotonic() - kept[0] < KEPT_S:
            return kept[1]
        found = fetch()
        with self._lock:
            self._kept[name] = (self._clock.monotonic(), found)
        return found

    def _older_than(self, name: str, seconds: float) -> bool:
        with self._lock:
            kept = self._kept.get(name)
        return kept is not None and self._clock.monotonic() - kept[0] >= seconds

    def forget(self, *names: str) -> None:
        """What was read from the provider is read again: all of it, where nothing is named."""
        with self._lock:
            for name in names or tuple(self._kept):
                self._kept.pop(name, None)

    # ------------------------------------------------------------ asking
    def _ask(self, method: str, url: str, **request: Any) -> dict[str, Any]:
        """A JSON object; anything else, and an answer that never ends, is a provider that is not there."""
        ends = self._clock.monotonic() + WHOLE_S
        try:
            with self._http.stream(method, url, **({"headers": _JSON} | request)) as answer:
                if answer.headers.get("Content-Encoding", "identity") != "identity":
                    raise Refusal("sso_unreachable", why="packed, which was not asked for")
                body = bytearray()
                for piece in answer.iter_raw():
                    body += piece
                    if len(body) > MOST_BYTES or self._clock.monotonic() > ends:
                        raise Refusal("sso_unreachable", why="an answer that does not end")
        except (httpx.HTTPError, httpx.InvalidURL) as cut:
            raise Refusal("sso_unreachable", why=type(cut).__name__) from cut
        if answer.status_code >= 500:
            raise Refusal("sso_unreachable", why=f"answered {answer.status_code}")
        if answer.status_code != 200:
            raise Refusal("sso_failed", why=f"answered {answer.status_code}")
        try:
            said = json.loads(body)
        except (ValueError, RecursionError) as bad:
            raise Refusal("sso_failed", why="no JSON") from bad
        if not isinstance(said, dict):
            raise Refusal("sso_failed", why="no JSON object")
        return said
