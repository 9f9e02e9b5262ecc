"""The threat table and the checklist name tests that exist, for every threat that there is to be an answer to."""

from __future__ import annotations

import ast
import csv
import re
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PAGE = (HOUSE / "docs/security.md").read_text(encoding="utf-8")
CITED = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")
THREATS = (
    "USB keyboard", "Leaving Chromium", "Power cycling", "Stolen card", "Spoofed kiosk", "Spoofed board", "Spoofed server", "Replay",
    "Cloned device", "Guessing tokens", "Brute force", "Session fixation", "CSRF", "XSS", "SQL", "Path and zip traversal", "SSRF",
    "Header injection", "Log injection", "Oversize bodies", "Slow clients", "Decompression bombs", "Personal data", "Secrets",
    "Dependencies", "Wrong role", "Insider",
)  # fmt: skip


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((HOUSE / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def missing(text: str) -> list[str]:
    """Citations of tests that are not there."""
    wrong = []
    for path, name in CITED.findall(text):
        if not (HOUSE / path).is_file() or (name and name not in functions_of(path)):
            wrong.append(f"{path}::{name}")
    return wrong


def rows() -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("| \n").split(" | ")]
        for line in PAGE.splitlines()
        if line.startswith("| ") and "tests/" in line
    ]


def test_every_threat_has_a_line_and_every_line_a_test_and_what_remains() -> None:
    assert {threat for threat in THREATS if not any(row[0].strip("*").startswith(threat) for row in rows())} == set()
    for row in rows():
        assert len(row) == 4, row[0]
        assert CITED.search(row[2]), row[0]
        assert row[3], row[0]


def test_the_tests_that_the_page_names_exist() -> None:
    assert len(CITED.findall(PAGE)) > 40
    assert missing(PAGE) == []


def test_the_checklist_names_tests_that_exist_and_no_number_that_nobody_read() -> None:
    with (HOUSE / "docs/asvs.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) >= 40
    assert set(lines[0]) == {"area", "requirement", "state", "test", "remark"}
    for line in lines:
        assert line["state"] in ("met", "partly", "open", "elsewhere"), line
        assert bool(CITED.search(line["test"])) is (line["state"] in ("met", "partly")), line
        assert line["remark"] or line["state"] == "met", line
        assert missing(line["test"]) == []
        assert not re.search(r"\bV?\d+\.\d+\.\d+\b", line["requirement"]), "a number is cited only where its text was read"
    assert len({line["requirement"] for line in lines}) == len(lines)


@pytest.mark.parametrize("text", ["tests/security/test_none.py::test_x", "tests/security/test_documents.py::test_none"])
def test_a_test_that_is_not_there_is_noticed(text: str) -> None:
    assert missing(text) != []
