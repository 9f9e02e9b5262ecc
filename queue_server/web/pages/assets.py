"""How style sheets, scripts, fonts and fragments travel: compressed where that helps, checked again rather than trusted.

Scripts import each other by plain names, so a browser must never mix those of two versions: everything is asked for
with its ETag, which costs one short answer on a local network. Fonts and vendored files never change under their names.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Flask, Response, request

TEXT = ("text/", "application/javascript", "image/svg+xml")
UNCHANGING = ("/static/fonts/", "/static/vendor/")
WORTH_BYTES = 500


def register(app: Flask) -> None:
    app.after_request(travel)


def travel(response: Response) -> Response:
    """Cache rule and compression of a static file; compression of a fragment, which holds no secret worth guessing at."""
    static = request.path.startswith("/static/")
    if not (static or request.headers.get("HX-Request")) or response.status_code not in (200, 304):
        return response
    if static:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if request.path.startswith(UNCHANGING) else "no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    wanted = "gzip" in request.headers.get("Accept-Encoding", "") and (response.mimetype or "").startswith(TEXT)
    if not wanted or response.status_code != 200 or request.method != "GET":
        return response
    response.direct_passthrough = False
    plain = response.get_data()
    if len(plain) >= WORTH_BYTES:
        response.set_data(_packed(plain) if static else gzip.compress(plain, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


@lru_cache(maxsize=64)
def _packed(plain: bytes) -> bytes:
    return gzip.compress(plain, 9, mtime=0)
