"""Everything that needs emulated kernel devices: each `umockdev/case_*.py` in a pytest of its own under the preload.

A process must start under the preload; so the cases are collected here by name, run beside, and told one by one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).with_name("umockdev")


@pytest.mark.slow(reason="a pytest of its own for each file, started under the preload")
@pytest.mark.timeout(400)  # the cases have their own; this one is for a machine that does much else
@pytest.mark.parametrize("file", sorted(path.name for path in HERE.glob("case_*.py")))
def test_cases_on_emulated_devices(file: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))}
    command = ["umockdev-wrapper", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["--confcutdir", str(HERE), "-o", "python_files=case_*.py", "--timeout", "120", str(HERE / file)]
    result = subprocess.run(command, cwd=HERE.parents[2], env=inherited, capture_output=True, text=True, timeout=360, check=False)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
