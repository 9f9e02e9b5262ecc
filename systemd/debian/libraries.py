"""Which libraries an installed Tới Lượt has: Debian's, or those of requirements.lock beside our own code.

Holds the walk from pyproject.toml through what the libraries themselves ask for, and the download of pure ones by their
hashes. It reads the metadata of the environment that the tests ran in and knows nothing of packages' files.
"""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Debian 13. The machine's word does not matter: nothing compiled is ours.
PYTHON = "3.13"
THERE = {"python_version": PYTHON, "python_full_version": f"{PYTHON}.5", "sys_platform": "linux", "os_name": "posix", "extra": ""}
EXTRAS = {"toiluot-common": [""], "toiluot-server": ["server"], "toiluot-hardware": ["kiosk", "display", "mrtd"]}


class Libraries:
    """`wanted`: library → the packages of ours that need it. `asked`: library → every range somebody asks for."""

    def __init__(self, clone: Path) -> None:
        self.clone = clone
        table = tomllib.loads((Path(__file__).parent / "libraries.toml").read_text())
        self.debian: dict[str, dict[str, str]] = table["debian"]
        self.wanted: dict[str, set[str]] = {}
        self.asked: dict[str, list[tuple[str, Requirement]]] = {}
        project = tomllib.loads((clone / "pyproject.toml").read_text())["project"]
        for package, extras in EXTRAS.items():
            for extra in extras:
                lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
                for line in lines:
                    self._walk(package, "toiluot", Requirement(line))

    def _walk(self, package: str, asker: str, requirement: Requirement) -> None:
        name = canonicalize_name(requirement.name)
        asked = self.asked.setdefault(name, [])
        if (asker, str(requirement)) not in [(who, str(what)) for who, what in asked]:
            asked.append((asker, requirement))
        if package in self.wanted.setdefault(name, set()):
            return
        self.wanted[name].add(package)
        if name in self.debian:
            return  # Debian's package brings what it needs itself
        for line in importlib.metadata.requires(name) or []:
            further = Requirement(line)
            if further.marker is None or any(further.marker.evaluate({**THERE, "extra": extra}) for extra in {"", *requirement.extras}):
                self._walk(package, name, further)

    def from_debian(self) -> list[str]:
        return sorted(name for name in self.wanted if name in self.debian)

    def vendored(self) -> list[str]:
        return sorted(name for name in self.wanted if name not in self.debian)

    def packages_for(self, package: str) -> str:
        """Debian's packages that one of ours depends on; what two of ours need, the common one asks for."""
        entries = [self.debian[name] for name in self.from_debian() if self._owner(name) == package]
        return ", ".join(f"{entry['package']} (>= {entry['version']})" for entry in entries)

    def _owner(self, name: str) -> str:
        owners = self.wanted[name]
        return next(iter(owners)) if len(owners) == 1 else "toiluot-common"

    def too_old(self) -> list[str]:
        """Ranges that Debian 13's version of a library does not meet, and that libraries.toml gives no reason for."""
        found = []
        for name in self.from_debian():
            entry = self.debian[name]
            for asker, requirement in self.asked[name]:
                if not requirement.specifier.contains(entry["version"]) and asker not in entry.get("asked", {}):
                    found.append(f"{asker} asks for {requirement}, Debian 13 has {entry['version']}")
        return found

    # ------------------------------------------------------------ the pure ones
    def locked(self) -> str:
        """The lines of requirements.lock for them, hashes and all."""
        chosen = []
        for block in re.split(r"\n(?=[a-z0-9])", (self.clone / "requirements.lock").read_text()):
            if canonicalize_name(re.split(r"[=\s\[]", block, maxsplit=1)[0]) in self.vendored():
                chosen.append("\n".join(line for line in block.splitlines() if not line.lstrip().startswith("#")))
        return "\n".join(chosen) + "\n"

    def download(self, into: Path) -> list[Path]:
        """As wheels for any machine: a compiled library has none and stops here, by its name."""
        into.mkdir(parents=True)
        (into / "wanted.txt").write_text(self.locked())
        pure = ["--only-binary", ":all:", "--platform", "any", "--implementation", "py", "--abi", "none", "--python-version", PYTHON]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--require-hashes"]
        command = [*pip, *pure, "--dest", str(into), "-r", str(into / "wanted.txt")]
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        if done.returncode:
            remedy = "Is the library compiled? Then systemd/debian/libraries.toml names Debian's package of it."
            raise SystemExit(f"{done.stderr}\nA library could not be had as pure Python. {remedy}")
        wheels = sorted(into.glob("*.whl"))
        if len(wheels) != len(self.vendored()):
            raise SystemExit(f"{len(wheels)} wheels for {len(self.vendored())} libraries: requirements.lock lacks one (make lock).")
        return wheels
