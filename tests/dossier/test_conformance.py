"""The kit for partners: our own mock keeps every promise, and each fault is found by the check that is about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from queue_server.dossier.cli import dossier

CODE = "000.00.53.H48-220921-0001"
FULL = pytest.mark.full
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no token": ({"no_tokens": True}, "token"),
    "open door": ({"open_door": True}, "token-needed"),
    "busy": ({"status": 503}, "token"),
    "refuses all": ({"refuse_fields": ["chung-thuc"]}, "batch"),
    "takes twice": ({"take_twice": True}, "repeat"),
    "takes older": ({"take_older": True}, "stale"),
    "takes anything": ({"take_anything": True}, "refusal"),
    "shuffles": ({"shuffle": True}, "order"),
    "forgets days": ({"forget_days": True}, "day"),
    "knows nobody": ({"no_look_up": True}, "look-up"),
}
SAMPLED = {"no token", "busy"}


def run(partner: Any, folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    (folder / "secret").write_text("khong-phai-bi-mat\n")
    words = ["conformance", partner.base, "--token-url", partner.token_url, "--client-id", "toiluot-demo"]
    found = CliRunner().invoke(dossier, [*words, "--client-secret-file", str(folder / "secret"), "--code", CODE, "--json", *more])
    return found.exit_code, json.loads(found.stdout) if found.exit_code != 2 else {}


def test_our_own_mock_keeps_every_promise_twice_over(played: Any, tmp_path: Path) -> None:
    partner = played()
    for _ in range(2):
        status, told = run(partner, tmp_path)
        assert [check for check in told["checks"] if not check["ok"]] == []
        assert (status, told["ok"], len(told["checks"])) == (0, True, 10)
    assert all(row["DuLieuThuNghiem"] for row in partner.store.accepted())


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in SAMPLED else FULL) for name in FAULTS])
def test_each_fault_is_found_by_its_check_with_what_to_mend(played: Any, tmp_path: Path, name: str) -> None:
    partner, (faults, check) = played(), FAULTS[name]
    assert partner.faults.change(faults) == []
    status, told = run(partner, tmp_path)
    broken = {each["check"]: each for each in told["checks"] if not each["ok"]}
    assert (status, check in broken) == (1, True)
    assert broken[check]["seen"]
    assert broken[check]["mend"]
    if name not in ("takes anything", "refuses all", "shuffles"):  # what stands in the wrong place is another's answer to two checks
        assert list(broken) == [check]


def test_lines_for_people(played: Any, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("wrong")
    partner = played()
    words = [
        "conformance",
        partner.base,
        "--token-url",
        partner.token_url,
        "--client-id",
        "x",
        "--client-secret-file",
        str(tmp_path / "secret"),
    ]
    found = CliRunner().invoke(dossier, words)
    assert found.exit_code == 1
    assert found.stdout.splitlines()[0].startswith("FAIL token")
    assert "grant_type=client_credentials" in found.stdout
    assert found.stdout.splitlines()[-1] == "0 of 1 checks passed"


@pytest.mark.parametrize("url", ["ftp://x/api", "http://example.com/api", "https://user:pass@example.com", "nonsense"])
def test_an_address_that_is_none_is_misuse(tmp_path: Path, url: str) -> None:
    (tmp_path / "secret").write_text("s")
    words = ["conformance", url, "--token-url", url, "--client-id", "x", "--client-secret-file", str(tmp_path / "secret")]
    assert CliRunner().invoke(dossier, words).exit_code == 2
