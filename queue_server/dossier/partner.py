"""The dossier system as the worker sees it: OAuth2 client credentials and one call that sends a batch.

Turns every answer into one of three things: results per record, `Wait` (no answer, 408, 429, 5xx, no token: nothing is
lost, try again later) or `Refusal` (another 4xx, with the partner's words). It retries only one thing: after a 401 it
fetches a new token once. OAuth2 is Authlib's, without its session classes: those for httpx are on their way out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.common.urls import url_encode
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749 import OAuth2Token

from .payload import idempotency_key

WORDS = 500  # of the partner's text that is kept
LONGEST_RETRY_AFTER_S = 300.0


class Wait(Exception):
    """Nothing can be sent now. `after_s` where the partner named a time."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class Refusal(Exception):
    """The partner will not take this request, now or later."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail = status, code, detail


@dataclass(frozen=True)
class Result:
    """What became of one record: `accepted`, `stale` (the partner has this version or a later one) or `refused`."""

    record_id: str
    status: str
    code: str = ""
    detail: str = ""


class Partner:
    """One dossier system."""

    def __init__(
        self, base: str, token_url: str, client_id: str, client_secret: str, *, connect_s: float = 5.0, answer_s: float = 30.0
    ) -> None:
        self._base, self._token_url = base.rstrip("/"), token_url
        self._credentials = ClientAuth(client_id, client_secret, "client_secret_basic")
        self._token: OAuth2Token | None = None
        headers = {"User-Agent": "toiluot-dossier", "Accept": "application/json"}
        self._http = httpx.Client(timeout=httpx.Timeout(answer_s, connect=connect_s), trust_env=False, headers=headers)

    def close(self) -> None:
        self._http.close()

    def send(self, records: Sequence[Mapping[str, Any]]) -> list[Result]:
        """The results, one per record and in the same order; raises `Wait` or `Refusal`."""
        if self._token is None or self._token.is_expired():
            self._token = self._fetch_token()
        answer = self._post(records, self._token)
        if answer.status_code == 401:
            self._token = self._fetch_token()
            answer = self._post(records, self._token)
        if answer.status_code == 401:
            raise Wait("the dossier system does not accept our token")
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            raise Wait(f"the dossier system answered {answer.status_code}", _retry_after(answer))
        if answer.status_code >= 400:
            raise Refusal(answer.status_code, *_words(answer))
        return _results(answer, records)

    def _fetch_token(self) -> OAuth2Token:
        self._token = None
        form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        body = url_encode([("grant_type", "client_credentials")])
        url, headers, body = self._credentials.prepare("POST", self._token_url, form, body)
        try:
            answer = self._http.post(url, content=body, headers=headers)
            if answer.status_code != 200:
                raise Wait(f"no token from the dossier system: it answered {answer.status_code}", _retry_after(answer))
            token = OAuth2Token.from_dict(answer.json())
            named = isinstance(token["access_token"], str)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as none:
            raise Wait(f"no token from the dossier system: {type(none).__name__}") from none
        if not named:
            raise Wait("the dossier system's token is not text")
        return token

    def _post(self, records: Sequence[Mapping[str, Any]], token: OAuth2Token) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        if len(records) == 1:
            # In a batch each record's own fields are its key; a batch of one also says it the way a PUT does.
            headers["Idempotency-Key"] = idempotency_key(records[0])
        try:
            return self._http.post(f"{self._base}/queue-records/batch", json={"records": list(records)}, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as cut:
            raise Wait(f"no answer from the dossier system: {type(cut).__name__}") from cut


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), LONGEST_RETRY_AFTER_S) if text.isascii() and text.isdigit() else None


def _words(answer: httpx.Response) -> tuple[str, str]:
    """The partner's code and text, whatever shape it gave them."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return "", answer.text[:WORDS]
    text = body.get("detail") or body.get("message") or body.get("title") or answer.text
    return str(body.get("code", ""))[:64], str(text)[:WORDS]


def _results(answer: httpx.Response, records: Sequence[Mapping[str, Any]]) -> list[Result]:
    """Only an answer that speaks of every record counts: otherwise nobody knows what was taken, and it is sent again."""
    try:
        rows = answer.json()["results"]
        found = [Result(row["record_id"], row["status"], str(row.get("code") or ""), str(row.get("detail") or "")[:WORDS]) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError) as bad:
        raise Wait(f"the dossier system answered {answer.status_code} without results") from bad
    wanted = [str(record["MaBanGhi"]) for record in records]
    if [result.record_id for result in found] != wanted:
        by_id = {result.record_id: result for result in found}
        if len(set(wanted)) != len(wanted) or any(key not in by_id for key in wanted):
            raise Wait("the dossier system's results do not match the records")
        found = [by_id[key] for key in wanted]
    if any(result.status not in ("accepted", "stale", "refused") for result in found):
        raise Wait("the dossier system's results use a status we do not know")
    return found
