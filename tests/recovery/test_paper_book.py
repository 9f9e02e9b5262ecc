"""The paper book: slips with numbers that nothing else gives out, printed without touching the database."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from queue_server.cli import server
from queue_server.domain.errors import Refusal
from queue_server.recovery import paper_book
from tests.hall import SITE, Hall


def test_a_book_has_each_number_once_on_either_half(file_hall: Hall) -> None:
    before = len(file_hall.log())
    made = paper_book.page(file_hall.store, SITE, "A", 100)
    assert (made["first"], made["last"]) == ("A900", "A999")
    labels = re.findall(r'class="n">(A\d{3})<', made["html"])
    assert labels == [f"A{n}" for n in range(900, 1000) for _ in range(2)]
    assert len(file_hall.log()) == before


def test_a_series_that_nobody_uses_has_no_book(file_hall: Hall) -> None:
    with pytest.raises(Refusal) as no:
        paper_book.page(file_hall.store, SITE, "Z", 10)
    assert "A" in no.value.detail["errors"][0]["detail"]


def test_the_command_writes_a_page_and_says_what_to_do_with_it(file_hall: Hall, tmp_path: Path) -> None:
    out = tmp_path / "book.html"
    words = ["paper-book", "--db", f"sqlite:///{tmp_path}/site.db", "--series", "A", "--count", "16", "--out"]
    done = CliRunner().invoke(server, [*words, str(out)])
    assert (done.exit_code, "A900 to A915" in done.output) == (0, True), done.output
    assert "A915" in out.read_text("utf-8")
    assert "http" not in out.read_text("utf-8")
    assert CliRunner().invoke(server, [*words, str(tmp_path / "book.pdf")]).exit_code == 2
