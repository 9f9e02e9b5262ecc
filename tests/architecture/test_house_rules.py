"""The size of files and functions, who reads the time, who may catch everything, and what must not stand in the tree.

Holds rules that are checked by reading the source; imports are in test_imports.py, documents in test_documents.py.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
ROOMS = ("drivers", "queue_server", "kiosk", "display")
TOP = [HOUSE / "toiluot.py", HOUSE / "toiluot_edge.py", HOUSE / "toiluot_guard.py", HOUSE / "toiluot_bridge.py"]
CODE = TOP + sorted(path for room in ROOMS for path in (HOUSE / room).rglob("*.py"))
TOOLS = [HOUSE / "tests/screenshots.py"]  # run by hand: not a test
TESTS = sorted(path for path in (HOUSE / "tests").rglob("*.py") if path not in TOOLS)
WRITTEN = {".html", ".js", ".css", ".toml", ".po", ".md", ".json"}
TEXT = CODE + sorted(path for room in (*ROOMS, "docs", "systemd") for path in (HOUSE / room).rglob("*") if path.suffix in WRITTEN)

MAX_LINES, MAX_FUNCTION = 400, 60
# Folder or file -> the readings it may do itself instead of asking the Clock port, and why.
MAY_READ_TIME: dict[str, tuple[set[str], str]] = {
    "queue_server/device/update_run.py": ({"time.sleep", "time.time"}, "a machine's night has no site whose clock it could ask"),
    "toiluot_edge.py": ({"time.time_ns", "time.monotonic", "time.sleep", "time.clock_gettime"}, "it is the port"),
    "drivers/": ({"time.monotonic"}, "deadlines of a wire are the machine's own, whatever time the site keeps"),
    "drivers/sim/": ({"time.monotonic", "time.sleep"}, "a slow device is slow in real time"),
}
CLOCKS = {
    "time": {
        "time", "time_ns", "monotonic", "clock_gettime", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep", "localtime", "gmtime",
    }
}  # fmt: skip
NOW = {"now", "utcnow", "today"}


def label(path: Path) -> str:
    return str(path.relative_to(HOUSE))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def readings_of_time(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield "from time import"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner, name = node.value.id, node.attr
            if name in CLOCKS.get(owner, ()) or (owner in {"datetime", "date"} and name in NOW):
                yield f"{owner}.{name}"


@pytest.mark.parametrize("path", CODE + TESTS + TOOLS, ids=label)
def test_a_file_is_one_idea_and_says_which(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MAX_LINES
    module = tree(path)
    if path.parent.name == "versions":
        return  # a migration is one long list of tables, written once and never edited
    if module.body:
        assert ast.get_docstring(module), "no module docstring"
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {node.name: size for node in functions if (size := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION}
    assert long == {}


@pytest.mark.parametrize("path", CODE, ids=label)
def test_only_the_clock_port_reads_time(path: Path) -> None:
    allowed = {reading for place, (readings, _) in MAY_READ_TIME.items() if label(path).startswith(place) for reading in readings}
    assert set(readings_of_time(path)) <= allowed


def test_readers_of_time_are_found() -> None:
    assert set(readings_of_time(HOUSE / "toiluot_edge.py")) == MAY_READ_TIME["toiluot_edge.py"][0]


@pytest.mark.parametrize("path", CODE, ids=label)
def test_whoever_catches_everything_passes_it_on_or_says_why(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(tree(path)):
        broad = isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        if broad and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node)):
            assert re.search(r"noqa: BLE001 - \w", lines[node.lineno - 1]), f"line {node.lineno}: {lines[node.lineno - 1].strip()}"


@pytest.mark.parametrize("path", TESTS, ids=label)
def test_tests_neither_wait_nor_skip(path: Path) -> None:
    calls = {ast.unparse(node.func) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)}
    calls |= {ast.unparse(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    refused = {
        "time.sleep",
        "pytest.skip",
        "pytest.importorskip",
        "pytest.mark.skip",
        "pytest.mark.skipif",
        "pytest.mark.xfail",
        "unittest.mock",
    }
    assert calls & refused == set()


@pytest.mark.parametrize("path", TEXT, ids=label)
def test_text_is_finished_nfc_and_names_no_machine_of_ours(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    # Spelled in two halves: this file is read by the same rule's neighbours.
    unfinished = ["TO" + "DO", "FIX" + "ME", "XX" + "X ", "raise NotImplemented" + "Error"]
    assert [mark for mark in unfinished if mark in text] == []
    assert re.findall(r"(?<![\w/])/(?:home|Users)/\w+", text) == []


@pytest.mark.parametrize("path", [path for path in TEXT if path.suffix in {".css", ".html"}], ids=label)
def test_no_page_uses_a_font_without_vietnamese_letters(path: Path) -> None:
    assert "monospace" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", TEXT, ids=label)
def test_no_identity_number_stands_in_the_tree(path: Path) -> None:
    # Invented ones for a demonstration say so on their line or shortly above.
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.search(r"(?<![\w.\-])\d{12}(?![\w.\-])", line):
            near = "\n".join(lines[max(0, number - 25) : number + 1])
            assert re.search(r"fake|invented|giả", near, re.IGNORECASE), f"line {number + 1} has twelve digits"
