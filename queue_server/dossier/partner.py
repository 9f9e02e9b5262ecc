"""The dossier system as the worker sees it: OAuth2 client credentials and one call that sends a batch.

Turns every answer into one of three things: results per record, `Wait` (no answer, 408, 429, 5xx, no token: nothing is
lost, try again later) or `Refusal` (another 4xx, with the partner's words). It retries only one thing: after a 401 it
fetches a new token once. OAuth2 is Authlib's, without its session classes: those for httpx are on their way out.
Whatever the far end sends is bounded in length and time, and nothing of it is trusted to be of the right type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.common.urls import url_encode
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749 import OAuth2Token

from toiluot_edge import Clock, SystemClock

from .payload import idempotency_key

WORDS = 500  # of the partner's text that is kept
LONGEST_RETRY_AFTER_S = 300.0
MOST_BYTES = 4 * 1024 * 1024  # 500 results with words need a tenth
LONGEST_TOKEN_S = 86_400
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


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
        self,
        base: str,
        token_url: str,
        client_id: str,
        client_secret: str,
        *,
        connect_s: float = 5.0,
        answer_s: float = 30.0,
        whole_s: float = 60.0,
        clock: Clock | None = None,
    ) -> None:
        self._base, self._token_url = base.rstrip("/"), token_url
        self._credentials = ClientAuth(client_id, client_secret, "client_secret_basic")
        self._token: OAuth2Token | None = None
        self._whole_s, self._clock = whole_s, clock or SystemClock()
        # Unpacked, a small answer could be a thousand times as long before anyone can count it.
        headers = {"User-Agent": "toiluot-dossier", "Accept": "application/json", "Accept-Encoding": "identity"}
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
        answer = self._ask("token", url, content=body, headers=headers)
        if answer.status_code != 200:
            raise Wait(f"no token from the dossier system: it answered {answer.status_code}", _retry_after(answer))
        said = _json(answer)
        token = said.get("access_token") if isinstance(said, dict) else None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise Wait("no token from the dossier system: its answer holds none")
        lasts_s = said.get("expires_in")
        known = isinstance(lasts_s, int) and not isinstance(lasts_s, bool) and 0 < lasts_s <= LONGEST_TOKEN_S
        return OAuth2Token.from_dict({"access_token": token, **({"expires_in": lasts_s} if known else {})})

    def _post(self, records: Sequence[Mapping[str, Any]], token: OAuth2Token) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        if len(records) == 1:
            # In a batch each record's own fields are its key; a batch of one also says it the way a PUT does.
            headers["Idempotency-Key"] = idempotency_key(records[0])
        return self._ask("answer", f"{self._base}/queue-records/batch", json={"records": list(records)}, headers=headers)

    def _ask(self, what: str, url: str, **request: Any) -> httpx.Response:
        """The whole answer; one that never ends, in length or in time, is none."""
        ends = self._clock.monotonic() + self._whole_s
        try:
            with self._http.stream("POST", url, **request) as answer:
                if answer.headers.get("Content-Encoding", "identity") != "identity":
                    raise Wait(f"no {what} from the dossier system: packed, which was not asked for")
                body = bytearray()
                for piece in answer.iter_raw():
                    body += piece
                    if len(body) > MOST_BYTES or self._clock.monotonic() > ends:
                        raise Wait(f"no {what} from the dossier system: it does not end")
        except (httpx.HTTPError, httpx.InvalidURL) as cut:
            raise Wait(f"no {what} from the dossier system: {type(cut).__name__}") from cut
        return httpx.Response(answer.status_code, headers=answer.headers, content=bytes(body))


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), LONGEST_RETRY_AFTER_S) if text.isascii() and text.isdigit() else None


def _words(answer: httpx.Response) -> tuple[str, str]:
    """The partner's code and text, whatever shape it gave them."""
    body = _json(answer)
    if not isinstance(body, dict):
        return "", _words_of(answer.text)
    text = body.get("detail") or body.get("message") or body.get("title") or answer.text
    return _words_of(body.get("code") or "", 64), _words_of(text)


def _words_of(said: Any, longest: int = WORDS) -> str:
    """Text that a log and a file can hold."""
    text = str(said) if isinstance(said, str | int | float) else ""
    return _CONTROL.sub(" ", text[: 4 * longest])[:longest]


def _json(answer: httpx.Response) -> Any:
    """What the body says, None where it is no JSON. Nesting without end is none either."""
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        return None


def _results(answer: httpx.Response, records: Sequence[Mapping[str, Any]]) -> list[Result]:
    """Only an answer that speaks of every record counts: otherwise nobody knows what was taken, and it is sent again."""
    body = _json(answer)
    rows = body.get("results") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Wait(f"the dossier system answered {answer.status_code} without results")
    found = [
        Result(str(row.get("record_id")), str(row.get("status")), _words_of(row.get("code") or "", 64), _words_of(row.get("detail") or ""))
        for row in rows
    ]
    wanted = [str(record["MaBanGhi"]) for record in records]
    if [result.record_id for result in found] != wanted:
        by_id = {result.record_id: result for result in found}
        if len(set(wanted)) != len(wanted) or any(key not in by_id for key in wanted):
            raise Wait("the dossier system's results do not match the records")
        found = [by_id[key] for key in wanted]
    if any(result.status not in ("accepted", "stale", "refused") for result in found):
        raise Wait("the dossier system's results use a status we do not know")
    return found
