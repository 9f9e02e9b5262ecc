"""How style sheets, scripts, fonts and fragments travel: packed once at the start, checked again rather than trusted.

Scripts import each other by plain names, so a browser must never mix those of two versions: everything is asked for
with its ETag, which costs one short answer on a local network. Fonts and vendored files never change under their names.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

TEXT = (".css", ".js", ".svg", ".txt")
UNCHANGING = ("fonts/", "vendor/")
WORTH_BYTES = 500
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"  # what the shared worker needs, and no more
FOR_EVER, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"


NOTES = {".js": re.compile(rb"^[ \t]*//.*$|^[ \t]+", re.M), ".css": re.compile(rb"/\*[^*]*(?:\*(?!/)[^*]*)*\*/")}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it travels: its bytes, the same packed where that is worth it, and a mark of what it holds."""

    plain: bytes
    packed: bytes | None
    mark: str
    kind: str
    cache: str


def register(app: Flask) -> None:
    """The static files of this application, read and packed once; fragments are packed as they are made."""
    folder = Path(str(app.static_folder))
    files = {path.relative_to(folder).as_posix(): _read(folder, path) for path in folder.rglob("*") if path.is_file()}

    def static(filename: str) -> Response:
        if filename not in files:
            raise NotFound
        return _send(files[filename])

    app.view_functions["static"] = static
    app.after_request(fragment)


def _read(folder: Path, path: Path) -> Asset:
    plain = lean(path.read_bytes(), path.suffix) if "vendor" not in path.parts else path.read_bytes()
    packed = gzip.compress(plain, 9, mtime=0) if path.suffix in TEXT and len(plain) >= WORTH_BYTES else None
    kind = "font/woff2" if path.suffix == ".woff2" else mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = "text/javascript" if path.suffix == ".js" else kind
    cache = FOR_EVER if path.relative_to(folder).as_posix().startswith(UNCHANGING) else ASK_AGAIN
    return Asset(plain, packed, hashlib.sha256(plain).hexdigest()[:20], f"{kind}; charset=utf-8" if path.suffix in TEXT else kind, cache)


def lean(source: bytes, suffix: str) -> bytes:
    """A script or style sheet without notes and indentation: they are for whoever reads the source. Lines keep their numbers."""
    return NOTES[suffix].sub(lambda found: b"\n" * found[0].count(b"\n"), source) if suffix in NOTES else source


def _send(asset: Asset) -> Response:
    packed = asset.packed if request.accept_encodings["gzip"] > 0 else None
    answer = Response(packed or asset.plain, content_type=asset.kind)  # werkzeug counts its length
    answer.set_etag(asset.mark + ("-gz" if packed else ""))  # two forms of one file are two things to a cache
    answer.headers["Cache-Control"] = asset.cache
    answer.headers["Content-Security-Policy"] = POLICY
    if packed:
        answer.headers["Content-Encoding"] = "gzip"
    if asset.packed:
        answer.headers["Vary"] = "Accept-Encoding"
    return answer.make_conditional(request)  # type: ignore[return-value]


def fragment(response: Response) -> Response:
    """A fragment of a page holds no secret worth guessing at, so it may be packed; a whole page, with its token, is not."""
    if not request.headers.get("HX-Request") or response.status_code != 200 or not (response.mimetype or "").startswith("text/"):
        return response
    response.headers["Vary"] = "Accept-Encoding"
    plain = response.get_data()
    if request.accept_encodings["gzip"] > 0 and len(plain) >= WORTH_BYTES:
        response.set_data(gzip.compress(plain, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
