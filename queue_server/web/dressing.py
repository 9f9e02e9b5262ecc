"""What every answer of the server wears: safety headers, the site's own time, an id to ask about, no place in a cache.

Holds the headers once, for both ways an answer is made: through Flask (as a WSGI wrapper, because Flask's own headers cost
a search each) and on the short way of a command. What a view has set itself stays as it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Any

from toiluot_edge import Clock

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
KEPT_BY_CACHES = ("/static/", "/b/static/")
FOR_PAGES = frozenset({"permissions-policy", "cross-origin-opener-policy", "referrer-policy"})  # what a page asks for obeys the page's
REQUEST_ID = "toiluot.request_id"  # its place in the WSGI environment
_PAIRS = tuple((name.lower(), name, value) for name, value in HEADERS.items())
# For answers made without Flask: refusals at the door, the short way of a command.
LINES = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()] + [(b"cache-control", b"no-store")]
HEAD = "".join(f"{name.lower()}: {value}\r\n" for name, value in HEADERS.items()) + "cache-control: no-store\r\n"  # and for streams


class Dress:
    """The headers of one process. `Date` is the site's clock, which screens set theirs by: a rehearsal's runs at its own speed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shown: tuple[int, str] = (-1, "")

    def date(self) -> str:
        """The `Date` header; written anew once a second."""
        second = self._clock.wall_ms() // 1000
        if self._shown[0] != second:
            self._shown = (second, formatdate(second, usegmt=True))
        return self._shown[1]

    def lines(self) -> list[tuple[bytes, bytes]]:
        """The headers of an answer made without Flask."""
        return [*LINES, (b"date", self.date().encode()), (b"x-request-id", secrets.token_hex(8).encode())]

    def over(self, application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        """A WSGI application whose answers are dressed."""

        def dressed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            request_id = environ[REQUEST_ID] = secrets.token_hex(8)

            def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
                given, kept = {name.lower() for name, _ in headers}, environ["PATH_INFO"].startswith(KEPT_BY_CACHES)
                worn = [(name, value) for low, name, value in _PAIRS if low not in given and not (kept and low in FOR_PAGES)]
                headers = headers + worn
                headers += [("Date", self.date()), ("X-Request-Id", request_id)]
                if "cache-control" not in given and not kept:
                    headers.append(("Cache-Control", "no-store"))
                return start_response(status, headers, *exc_info)

            return application(environ, start)

        return dressed
