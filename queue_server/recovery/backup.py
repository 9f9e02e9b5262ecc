"""Backup while serving, and restore of a stopped site under a new epoch.

Holds the order of things. A restore keeps what it replaces beside it, looks there for whatever the backup does not know
(that branch is kept for a person, never merged), and begins an epoch in which every number lies beyond what may be on
paper. Copying is `storage.copying`'s, the epoch `services.epochs`'.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from queue_server.domain.principal import SYSTEM
from queue_server.recovery import branches
from queue_server.services import epochs
from queue_server.storage import copying
from queue_server.storage.serving import stopped
from queue_server.storage.store import Store, is_sqlite, migrate, open_store, sqlite_path

Opener = Callable[[str], Store]


def back_up(url: str, file: Path, opener: Opener = open_store) -> dict[str, Any]:
    """Copy the database into a file. Answers what is in it: bytes, and the position of every site."""
    if not file.parent.is_dir():
        raise ValueError(f"{file.parent} is no folder")
    copying.copy_out(url, file)
    return {"file": str(file), "bytes": file.stat().st_size, "sites": positions(f"sqlite:///{file}", opener)}


def positions(url: str, opener: Opener = open_store) -> dict[str, str]:
    """Site → `EPOCH-SEQ`."""
    store = opener(url)
    try:
        return {site: "{}-{}".format(*store.position(site)) for site in store.sites()}
    finally:
        store.close()


def restore(file: Path, url: str, opener: Opener = open_store) -> dict[str, Any]:
    """Put a backup in the place of a stopped site's database and begin a new epoch at each of its sites."""
    copying.verify(file)  # before anything is touched
    with stopped(url):
        aside = _set_aside(url, file.parent)
        copying.copy_in(file, url)
        store = opener(url)
        try:
            started = {site: _restart(store, site, aside) for site in store.sites()}
        finally:
            store.close()
    return {"restored": str(file), "kept": str(aside) if aside else None, "sites": started}


def _restart(store: Store, site: str, aside: Path | None) -> dict[str, Any]:
    """What the replaced database knew beyond the backup is disowned first: its numbers are certainly on paper."""
    known = branches.disown(store, site, aside) if aside else epochs.Beyond()
    cmd = f"job:restore:{max(store.position(site)[0], known.epoch) + 1}"
    body = epochs.start(store, site, reason="restored", who=SYSTEM, cmd=cmd, beyond=known)
    return body | {"disowned": known.rows}


def _set_aside(url: str, beside: Path) -> Path | None:
    """The database that will be replaced, as a file of its own. A damaged one is kept as it is; nothing of it is thrown away."""
    if is_sqlite(url):
        old = Path(sqlite_path(url))
        if not old.exists():
            return None
        aside = _free(old.with_name(f"{old.name}.replaced"))
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                old.with_name(f"{old.name}{suffix}").rename(f"{aside}{suffix}")
        old.rename(aside)
        return aside
    migrate(url)
    aside = _free(beside / "replaced.sqlite3")
    copying.copy_out(url, aside)
    return aside


def _free(path: Path) -> Path:
    n = 0
    while (found := path.with_name(f"{path.name}.{n}" if n else path.name)).exists():
        n += 1
    return found


def told(body: dict[str, Any]) -> str:
    """A restore's report, for a person."""
    lines = [f"restored from {body['restored']}"]
    if body["kept"]:
        lines.append(f"what was there before is kept in {body['kept']}")
    for site, start in body["sites"].items():
        jump = ", ".join(f"{series} from {number + 1}" for series, number in start["jump"].items())
        lines.append(f"{site}: epoch {start['epoch']} goes on after row {start['continues_after']}; next numbers {jump}")
        if start["disowned"]:
            lines.append(f"{site}: {start['disowned']} rows that this backup does not know are kept for a person to read (server branches)")
    return "\n".join(lines)
