"""Builds the preloaded library and says which environment makes a process's disk forget or lag."""

from __future__ import annotations

import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
STRICT = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror")


def built(folder: Path, source: Path = SOURCE) -> Path:
    """A library of one file, compiled into a folder; a warning is an error."""
    library = folder / f"{source.stem}.so"
    command = ["gcc", *STRICT, "-fPIC", "-shared", "-U_FORTIFY_SOURCE", "-o", str(library), str(source), "-ldl", "-pthread"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return library


def forgetful(library: Path, below: Path, state: Path, extra_us: int = 0) -> dict[str, str]:
    """What a process needs in its environment so that `power_cut.play` can take back what it did not flush below a folder."""
    state.mkdir(exist_ok=True)
    return slow(library, extra_us) | {"FAULTS_BELOW": str(below.resolve()), "FAULTS_STATE": str(state.resolve())}


def slow(library: Path, extra_us: int) -> dict[str, str]:
    """What a process needs in its environment so that each flush takes so many microseconds more."""
    return {"LD_PRELOAD": str(library), "FAULTS_FSYNC_US": str(extra_us)}
