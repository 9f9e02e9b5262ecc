"""`make deb`: the Debian packages of this clone in build/deb, the same bytes from the same commit.

Holds the laying out of files and the words of a package; where libraries come from is in `libraries.py`, what each package
holds in `packages.toml` and `control`. It needs dpkg-deb, which every Debian has, and the libraries' package index.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
CLONE = HERE.parent.parent
Table = dict[str, Any]
MAINTAINER = "Toi Luot maintainers <maintainers@toiluot.invalid>"
PLACE = "Section: misc\nPriority: optional\n"
PRIVATE = "usr/lib/toiluot"
OURS = ["queue_server", "drivers", "kiosk", "display", "toiluot.py", "toiluot_edge.py", "toiluot_guard.py", "toiluot_bridge.py"]
TO_MAKE = ["pyproject.toml", "README.md", "LICENSE", *OURS]
# systemd/install serves whoever works from a clone and writes where an administrator would; a package has places of its own.
MOVED = {
    "etc/systemd/system": "usr/lib/systemd/system",
    "etc/systemd/logind.conf.d": "usr/lib/systemd/logind.conf.d",
    "etc/systemd/journald.conf.d": "usr/lib/systemd/journald.conf.d",
    "etc/systemd/coredump.conf.d": "usr/lib/systemd/coredump.conf.d",
    "etc/systemd/system.conf.d": "usr/lib/systemd/system.conf.d",
    "etc/udev/rules.d": "usr/lib/udev/rules.d",
    "etc/sysusers.d": "usr/lib/sysusers.d",
    "etc/tmpfiles.d": "usr/lib/tmpfiles.d",
    "etc/sysctl.d": "usr/lib/sysctl.d",
    "etc/polkit-1/rules.d": "usr/share/polkit-1/rules.d",
}


def run(*command: str | Path, **more: object) -> str:
    return subprocess.run([str(word) for word in command], check=True, text=True, stdout=subprocess.PIPE, **more).stdout.strip()  # type: ignore[call-overload, no-any-return]


def in_git(*words: str) -> str | None:
    try:
        return run("git", "-C", CLONE, *words, stderr=subprocess.DEVNULL, env={**os.environ, "TZ": "UTC"}) or None
    except (OSError, subprocess.CalledProcessError):
        return None


@cache
def commit_time() -> int:
    """The time that every file in the packages carries: that of the commit, or of pyproject.toml where there is no history."""
    given = os.environ.get("SOURCE_DATE_EPOCH") or in_git("log", "-1", "--format=%ct")
    return int(given) if given else int((CLONE / "pyproject.toml").stat().st_mtime)


@cache
def version() -> str:
    """A release is the version of pyproject.toml. What is built before its tag sorts below it, what comes after it above."""
    plain = str(tomllib.loads((CLONE / "pyproject.toml").read_text())["project"]["version"])
    commit = in_git("rev-parse", "--short=8", "HEAD")
    if commit is None or in_git("tag", "--points-at", "HEAD", f"v{plain}"):
        return plain
    stamp = in_git("log", "-1", "--date=format-local:%Y%m%d%H%M%S", "--format=%cd")
    released = in_git("tag", "--list", f"v{plain}")
    return f"{plain}{'+' if released else '~'}git{stamp}.{commit}"


# ------------------------------------------------------------ files
def own_wheel(work: Path) -> Path:
    """Our own code as a wheel, so that a package holds what an installation from the index would: no tests, no leftovers."""
    source = work / "source"
    names = (in_git("ls-files", "--cached", "--others", "--exclude-standard", "--", *TO_MAKE) or "").splitlines() or [
        str(path.relative_to(CLONE)) for name in TO_MAKE for path in ([CLONE / name, *(CLONE / name).rglob("*")])
    ]
    for name in names:
        if (CLONE / name).is_file() and "__pycache__" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CLONE / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run(*pip, "--wheel-dir", work / "own", source)
    (wheel,) = (work / "own").glob("*.whl")
    return wheel


def unpack(wheel: Path, into: Path) -> None:
    """Only what Python imports and the licence: a wheel's scripts would start a Python of this machine."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.namelist():
            if ".data/" not in entry and not entry.endswith((".pyc", ".pyo", ".so", ".pyi", "py.typed")):
                archive.extract(entry, into)


def installed(program: str, work: Path) -> Path:
    """What systemd/install puts in place for one program, in a package's places."""
    tree = work / "installed" / program
    if not tree.is_dir():
        run(CLONE / "systemd" / "install", program, env={**os.environ, "ROOT": str(tree)})
        for before, after in MOVED.items():
            if (tree / before).is_dir():
                shutil.copytree(tree / before, tree / after, dirs_exist_ok=True)
                shutil.rmtree(tree / before)
    return tree


def files_of(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}


def lay_out(tree: Path, name: str, entry: Table, every_program: list[str], work: Path) -> None:
    """Everything of one package but Python: by systemd/install, so that a clone and a package put the same things in place.
    What it puts in place for every program is the common package's."""
    always = set.intersection(*(files_of(installed(program, work)) for program in every_program))
    for program in entry["programs"] or every_program[:1]:
        source = installed(program, work)
        for inside in sorted(files_of(source) - always if entry["programs"] else always):
            (tree / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / inside, tree / inside)
    for target, (kept, mode) in entry.get("files", {}).items():
        put(tree, target, (CLONE / kept).read_bytes(), int(str(mode), 8))
    put(tree, f"/usr/share/doc/{name}/copyright", (HERE / "copyright").read_bytes() + (CLONE / "LICENSE").read_bytes())


def put(tree: Path, target: str, content: bytes, mode: int = 0o644) -> None:
    path = tree / target.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


# ------------------------------------------------------------ the words of a package
def stanza(name: str, replaced: dict[str, str]) -> str:
    for text in re.split(r"\n{2,}", (HERE / "control").read_text().strip()):
        if text.startswith(f"Package: {name}\n"):
            for word, value in replaced.items():
                text = text.replace("${" + word + "}", value)
            return re.sub(r"(, )+$|, (?=\n)", "", text, flags=re.MULTILINE)
    raise SystemExit(f"systemd/debian/control has no package {name}.")


def control_files(tree: Path, name: str, entry: Table, libraries: str) -> None:
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    size = sum(-(-path.stat().st_size // 1024) for path in files)
    fields = (
        f"Version: {version()}\nArchitecture: all\nMaintainer: {MAINTAINER}\nInstalled-Size: {size}\nSection: misc\nPriority: optional\n"
    )
    first, rest = stanza(name, {"version": version(), "libraries": libraries}).split("\n", 1)
    sums = "".join(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n" for path in files)  # noqa: S324 - dpkg's form
    settings = "".join(f"/{path.relative_to(tree)}\n" for path in files if path.is_relative_to(tree / "etc"))
    put(tree, "DEBIAN/control", f"{first}\n{fields}{rest}\n".encode())
    put(tree, "DEBIAN/md5sums", sums.encode())
    if settings:
        put(tree, "DEBIAN/conffiles", settings.encode())
    units = [*entry["enable"], *entry["leave"]]
    words = {"ENABLE": entry["enable"], "START": entry["start"], "UNITS": units, "STATE": entry["state"]}
    for script in ("postinst", "prerm", "postrm"):
        text = (HERE / "scripts" / script).read_text()
        for word, values in words.items():
            text = text.replace(f"@{word}@", " ".join(values))
        put(tree, f"DEBIAN/{script}", text.encode(), 0o755)


def seal(tree: Path, output: Path, at: int) -> Path:
    """One archive. Times, owners, modes and the order of files are the same on every machine."""
    for path in [tree, *tree.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
        else:
            path.chmod({0o600: 0o600}.get(path.stat().st_mode & 0o777, 0o755 if path.stat().st_mode & 0o100 else 0o644))
        os.utime(path, (at, at))
    made = output / f"{tree.name}_{version()}_all.deb"
    archive: list[str | Path] = ["dpkg-deb", "--root-owner-group", "-Zxz", "-z6", "--threads-max=1", "--build", tree, made]
    run(*archive, env={**os.environ, "SOURCE_DATE_EPOCH": str(at)})
    return made


def build(output: Path, work: Path) -> list[Path]:
    from libraries import Libraries  # beside this file; it reads the project's environment

    packages: dict[str, Table] = tomllib.loads((HERE / "packages.toml").read_text())
    found = Libraries(CLONE)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob("*.deb"):
        old.unlink()
    programs = [str(each) for entry in packages.values() for each in entry["programs"]]
    made = []
    for name, entry in packages.items():
        tree = work / name
        lay_out(tree, name, entry, programs, work)
        if name == "toiluot-common":
            for wheel in [own_wheel(work), *found.download(work / "wheels")]:
                unpack(wheel, tree / PRIVATE)
        control_files(tree, name, entry, found.packages_for(name))
        made.append(seal(tree, output, commit_time()))
    shutil.rmtree(work)
    return made


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--output", type=Path, default=CLONE / "build" / "deb")
    output = arguments.parse_args().output.absolute()
    if shutil.which("dpkg-deb") is None:
        raise SystemExit("dpkg-deb is missing: packages are built on Debian, Ubuntu or Raspberry Pi OS (apt-get install dpkg).")
    os.umask(0o022)
    for each in build(output, output.parent / f"{output.name}-work"):
        print(each)
