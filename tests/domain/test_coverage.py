"""The rules of the queue have no line and no branch that their own tests do not reach."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.full
@pytest.mark.slow("runs the room's tests once more, measured")
def test_every_branch_of_the_domain_is_reached_by_its_own_tests(tmp_path: Path) -> None:
    # A process of its own, with its own data file: a measurement around this whole run would be disturbed.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COVERAGE_", "COV_"))}
    coverage = [sys.executable, "-m", "coverage"]
    data = f"--data-file={tmp_path}/data"
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not full", "tests/domain"]
    run = [*coverage, "run", data, "--branch", "--source=queue_server.domain", *tests]
    ran = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    report = subprocess.run(
        [*coverage, "report", data, "--show-missing", "--fail-under=100", "--precision=2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert report.returncode == 0, report.stdout
