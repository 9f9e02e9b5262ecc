"""An OpenID provider for tests: discovery, authorise, token and keys over real HTTP, and a table of ways in which it lies.

Written from OpenID Connect Core 1.0 and RFC 7636, not from our client. It logs in whoever `who` says, at once: what a person does
at a provider's page is the provider's affair.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "toiluot", "một-bí-mật-của-máy-chủ"


class MockProvider:
    """One provider on a free port. Change `who`, `claims`, `lies` and `key` between requests."""

    def __init__(self) -> None:
        self._first = RSAKey.generate_key(2048, {"kid": "k1"})
        self.honest()
        self._codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Tests ask what was asked; nothing is printed."""

            def do_GET(self) -> None:
                provider.answer(self, b"")

            def do_POST(self) -> None:
                provider.answer(self, self.rfile.read(int(self.headers["Content-Length"])))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def honest(self) -> None:
        """As at the beginning."""
        self.key, self.published = self._first, [self._first]
        self.claims: dict[str, Any] = {"preferred_username": "lan"}
        self.lies: dict[str, Any] = {}
        self.asked: list[str] = []

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: Any, body: bytes) -> None:
        address = urlsplit(request.path)
        self.asked.append(address.path)
        if address.path == "/authorize":
            self._authorize(request, {name: values[0] for name, values in parse_qs(address.query).items()})
            return
        found = {
            "/.well-known/openid-configuration": lambda: (200, self._discovery()),
            "/keys": lambda: (200, {"keys": [key.as_dict(private=False) for key in self.published]}),
            "/token": lambda: self._token(request, {name: values[0] for name, values in parse_qs(body.decode()).items()}),
        }.get(address.path, lambda: (404, {}))
        status, said = found()
        status = self.lies.get("status", status)
        raw = self.lies.get(address.path, json.dumps(said).encode())
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", **self.lies.get("headers", {})}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(raw)))
        request.end_headers()
        request.wfile.write(raw)

    def _discovery(self) -> dict[str, Any]:
        places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": self.url, **{name: self.url + path for name, path in places.items()}, **self.lies.get("discovery", {})}

    def _authorize(self, request: Any, asked: dict[str, str]) -> None:
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], **self.lies.get("back", {})}
        request.send_response(302)
        request.send_header("Location", f"{asked['redirect_uri']}?{urlencode({k: v for k, v in answer.items() if v is not None})}")
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _token(self, request: Any, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """RFC 6749 5.2: a wrong client, a used or foreign code, another redirect or verifier is refused."""
        expected = "Basic " + base64.b64encode(f"{quote_plus(CLIENT)}:{quote_plus(SECRET)}".encode()).decode()
        asked = self._codes.pop(form.get("code", ""), None)
        if request.headers.get("Authorization") != expected or asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self._id_token(asked["nonce"])}

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": "s-1", "iat": now, "exp": now + 300, "nonce": nonce, **self.claims}
        claims = {name: value for name, value in {**claims, **self.lies.get("claims", {})}.items() if value is not None}
        how = self.lies.get("alg", "RS256")
        if how == "none":
            parts = [json.dumps({"alg": "none"}), json.dumps(claims)]
            return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts) + "."
        if how == "HS256":  # the old confusion: the public key taken for a shared secret
            return jwt.encode(
                {"alg": "HS256", "kid": "k1"}, claims, OctKey.import_key(self.key.as_pem(private=False)), algorithms=["HS256"]
            )
        return jwt.encode({"alg": how, "kid": self.key.kid}, claims, self.key, algorithms=[how])
