"""What the pages are made of: vendored files unchanged and licensed, scripts in syntax that old browsers read, fonts that
hold every Vietnamese letter, and how it all travels."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

import queue_server.web
from queue_server.web.pages.assets import lean
from tests.web.helpers import Site

STATIC = Path(queue_server.web.__file__).parent / "static"
NEWER = r"\?\.(?!\d)|\?\?|\|\|=|&&=|#\w+\s*[=(;]|\bstatic\s*\{|\.at\(|structuredClone|randomUUID|replaceAll"
OWN = sorted((STATIC / "js").glob("*.js"))
MANIFEST = dict(reversed(line.split()) for line in (STATIC / "vendor" / "MANIFEST.sha256").read_text().splitlines())


def test_every_vendored_file_is_in_the_manifest_unchanged() -> None:
    there = {str(path.relative_to(STATIC)) for path in (*(STATIC / "vendor").glob("*.js"), *(STATIC / "fonts").glob("*.woff2"))}
    assert there == set(MANIFEST)
    for name, digest in MANIFEST.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest, name


def test_licences_lie_beside() -> None:
    assert "permission to use" in (STATIC / "vendor/LICENSES/htmx-0BSD.txt").read_text().lower()
    for font in ("be-vietnam-pro", "noto-sans"):
        assert "SIL OPEN FONT LICENSE" in (STATIC / f"fonts/LICENSE-{font}-OFL.txt").read_text().upper()


@pytest.mark.parametrize("script", OWN, ids=lambda path: path.name)
def test_syntax_of_2019(script: Path) -> None:
    """Chromium 90 and Firefox ESR read newer syntax in part; what none of it uses cannot fail."""
    code = re.sub(r'"(?:[^"\\]|\\.)*"|//[^\n]*', "", script.read_text(encoding="utf-8"))
    newer = re.findall(NEWER, code)
    assert newer == []


@pytest.mark.parametrize("folder", ["templates", "static"])
def test_nothing_inline_and_nothing_from_elsewhere(folder: str) -> None:
    for path in sorted((STATIC.parent / folder).rglob("*.*")):
        if path.suffix not in (".html", ".css") and path.parent.name != "js":
            continue
        if path.name == "report_file.html":
            continue  # never served: a file to keep, which brings its own look along because nothing comes with it
        text = path.read_text(encoding="utf-8")
        assert not re.search(r'\sstyle="|\son[a-z]+="|<style|<script(?![^>]*\ssrc=)|https?://(?!www\.w3\.org/)|monospace', text), path


def test_files_travel_compressed_and_are_checked_again(site: Site) -> None:
    browser = site.nobody()
    script = browser.get("/static/js/counter.js", headers={"Accept-Encoding": "gzip"})
    assert script.headers["content-encoding"] == "gzip"
    assert script.headers["cache-control"] == "no-cache"
    assert script.content == lean((STATIC / "js/counter.js").read_bytes(), ".js")
    assert len(script.text.splitlines()) == len((STATIC / "js/counter.js").read_text(encoding="utf-8").splitlines())
    again = browser.get("/static/js/counter.js", headers={"If-None-Match": script.headers["etag"]})
    assert again.status_code == 304
    assert int(script.headers["content-length"]) < len(script.content) / 2
    plain = browser.get("/static/js/counter.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == script.headers["vary"] == "Accept-Encoding"
    assert plain.headers["etag"] != script.headers["etag"]
    assert int(plain.headers["content-length"]) == len(script.content)
    assert "immutable" in browser.get("/static/fonts/noto-sans-digits-400.woff2").headers["cache-control"]
    assert len(gzip.compress((STATIC / "console.css").read_bytes())) < 12_000
