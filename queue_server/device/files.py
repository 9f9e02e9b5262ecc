"""Files that are whole or not there: written beside their place, forced to disk, renamed, and the folder forced too.

Holds writing, and where things stand on a device (`ROOT=/tree` moves all of it, for an image or a test).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 256 * 1024  # settings and keys are small; whatever is larger was not written by us


@dataclass(frozen=True, slots=True)
class Places:
    """Where a device keeps its own things, below `root`."""

    root: Path = Path("/")

    @property
    def etc(self) -> Path:
        return self.root / "etc/toiluot"

    @property
    def join(self) -> Path:
        return self.etc / "join.toml"

    @property
    def identity(self) -> Path:
        return self.root / "var/lib/toiluot/identity"

    @property
    def image_build(self) -> Path:
        """Stands while an image is made: what is unique to one device must not be made now."""
        return self.root / "run/toiluot-image-build"


def put(path: Path, content: bytes, mode: int) -> None:
    """All of it or nothing, also over a power cut."""
    beside = path.with_name(f".{path.name}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        os.fchmod(handle, mode)  # a file left by an interrupted try may have had another mode
        with os.fdopen(handle, "wb", closefd=False) as out:
            out.write(content)
        os.fsync(handle)
    finally:
        os.close(handle)
    beside.replace(path)
    sync_folder(path.parent)


def erase(path: Path) -> None:
    """Gone, and gone after a power cut; nothing where it was not there."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(folder: Path) -> None:
    """A folder that only its owner may enter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def read_small(path: Path, within: int | None = None) -> bytes:
    """A file of ours; nothing is read that could not be one, and no link is followed to another's. `within`: an open folder."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=within), "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path} is too long")
    return content
