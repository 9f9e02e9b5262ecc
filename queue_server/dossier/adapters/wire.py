"""One far end over HTTP, distrusted: bounded in length and time, no redirect, no proxy, no packed answer, only where it may go.

Holds the request and what every answer means for us: `Wait` (no answer, 408, 429, 5xx) or `Refusal` (another 4xx, with the
partner's words). What an answer says is the adapters' affair; they get it as plain JSON values of which nothing is trusted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from queue_server import outward
from toiluot_edge import Clock, SystemClock

from . import Refusal, Wait

WORDS = 500  # of the partner's text that is kept
LONGEST_RETRY_AFTER_S = 300.0
MOST_BYTES = 4 * 1024 * 1024  # 500 results with words need a tenth
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
AGENT = "toiluot-dossier"


class Wire:
    """Requests to one partner. Safe to share between threads."""

    def __init__(
        self,
        *,
        private: bool = False,
        connect_s: float = 5.0,
        answer_s: float = 30.0,
        whole_s: float = 60.0,
        clock: Clock | None = None,
        far_end: str = "the dossier system",
    ) -> None:
        self._private, self._connect_s, self._answer_s, self._whole_s = private, connect_s, answer_s, whole_s
        self._clock, self.far_end = clock or SystemClock(), far_end
        # Unpacked, a small answer could be a thousand times as long before anyone can count it.
        headers = {"User-Agent": AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
        timeout = httpx.Timeout(answer_s, connect=connect_s)
        self._http = httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False, headers=headers)

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, url: str, *, what: str = "answer", within_s: float | None = None, **request: Any) -> httpx.Response:
        """The whole answer; one that never ends, in length or in time, is none."""
        whole_s = self._whole_s if within_s is None else within_s
        ends = self._clock.monotonic() + whole_s
        try:
            at = outward.place(url, private=self._private)
            address = outward.resolve(at.host, at.port, private=self._private)
            target = httpx.URL(url).copy_with(host=address)
        except (outward.NotReachable, httpx.InvalidURL) as barred:
            raise Wait(f"no {what} from {self.far_end}: {barred}") from barred
        left_s = 3600.0 if within_s is None else max(0.05, ends - self._clock.monotonic())  # a look-up is cut off in time at every step
        limits = httpx.Timeout(min(self._answer_s, left_s), connect=min(self._connect_s, left_s))
        headers = {"Host": at.netloc} | dict(request.pop("headers", {}))
        more: dict[str, Any] = {"timeout": limits, "headers": headers, "extensions": {"sni_hostname": at.host}}
        try:
            with self._http.stream(method, target, **more, **request) as answer:
                if answer.headers.get("Content-Encoding", "identity") != "identity":
                    raise Wait(f"no {what} from {self.far_end}: packed, which was not asked for")
                body = bytearray()
                for piece in answer.iter_raw():
                    body += piece
                    if len(body) > MOST_BYTES or self._clock.monotonic() > ends:
                        raise Wait(f"no {what} from {self.far_end}: it does not end")
        except (httpx.HTTPError, httpx.InvalidURL) as cut:
            raise Wait(f"no {what} from {self.far_end}: {type(cut).__name__}") from cut
        return httpx.Response(answer.status_code, headers=answer.headers, content=bytes(body))

    def settled(self, answer: httpx.Response) -> httpx.Response:
        """The answer, where it is one: 401 is for whoever holds the token, everything else that is no success ends here."""
        if answer.status_code == 401:
            raise Wait(f"{self.far_end} does not accept our token")
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            raise Wait(f"{self.far_end} answered {answer.status_code}", retry_after_s(answer))
        if answer.status_code >= 400:
            raise Refusal(answer.status_code, *words(answer))
        return answer


def retry_after_s(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), LONGEST_RETRY_AFTER_S) if text.isascii() and text.isdigit() else None


def words(answer: httpx.Response) -> tuple[str, str]:
    """The partner's code and text, whatever shape it gave them."""
    body = said(answer)
    if not isinstance(body, dict):
        return "", words_of(answer.text)
    text = body.get("detail") or body.get("message") or body.get("title") or answer.text
    return words_of(body.get("code") or "", 64), words_of(text)


def words_of(value: Any, longest: int = WORDS) -> str:
    """Text that a log and a file can hold."""
    text = str(value) if isinstance(value, str | int | float) else ""
    return _CONTROL.sub(" ", text[: 4 * longest])[:longest]


def said(answer: httpx.Response) -> Any:
    """What the body says, None where it is no JSON. Nesting without end is none either."""
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        return None


def pick(value: Any, path: str) -> Any:
    """The member at `a.b.0.c`, None where there is none."""
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
