"""requirements.lock answers pyproject.toml: every wish met, every line hashed, nothing in it that nobody asked for.

Checked without a network, so that `make check` and the tests say the same in a cut-off building.
"""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HOUSE = Path(__file__).parents[2]
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (HOUSE / "requirements.lock").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^([a-z0-9][\w.-]*)==(\S+)(?: ; ([^\\]+?))? \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", LOCK, re.MULTILINE)
WISHES = [Requirement(text) for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()) for text in group]
WISHES = [wish for wish in WISHES if wish.name != PROJECT["name"]]


def closure() -> set[str]:
    """Every distribution that the project needs here, by the metadata of what is installed."""
    seen: set[tuple[str, frozenset[str]]] = set()
    to_do = [(wish.name, frozenset(wish.extras)) for wish in WISHES]
    while to_do:
        name, extras = to_do.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for text in metadata.requires(name) or []:
            need = Requirement(text)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras | {""}):
                to_do.append((need.name, frozenset(need.extras)))
    return {canonicalize_name(name) for name, _ in seen}


def test_every_line_of_the_lock_is_read_and_hashed() -> None:
    assert len(ENTRIES) == len(re.findall(r"^[a-z0-9]", LOCK, re.MULTILINE)) > 50


@pytest.mark.parametrize("wish", WISHES, ids=str)
def test_every_wish_of_the_project_is_locked_at_a_version_it_accepts(wish: Requirement) -> None:
    versions = [Version(version) for name, version, _, _ in ENTRIES if canonicalize_name(name) == canonicalize_name(wish.name)]
    assert versions
    assert all(version in wish.specifier for version in versions)


def test_the_lock_holds_what_is_needed_here_and_nothing_else() -> None:
    environment = {key: str(value) for key, value in default_environment().items()}
    here = {
        canonicalize_name(name) for name, _, marker, _ in ENTRIES if not marker or Requirement(f"x; {marker}").marker.evaluate(environment)
    }  # type: ignore[union-attr]
    assert here == closure()


def test_the_lock_names_no_index() -> None:
    assert not re.search(r"https?://|file:|--index|--find-links", LOCK)
