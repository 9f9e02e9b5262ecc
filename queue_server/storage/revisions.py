"""What an older version makes of a newer one's database.

Holds the reading of the revision that a database is at. Revisions are numbered `SSNN`: within a series SS every migration only
adds (`tests/packages/test_expand_only.py`), so that a version taken back after a bad update runs on what the newer one left.
"""

from __future__ import annotations

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool

SERIES = 2  # letters of a revision that name its series


class TooNew(ValueError):
    """The database belongs to a version that this one cannot work beside."""


def newer_of_our_series(config: Config, url: str) -> bool:
    """Whether a newer version of this series was here. A database of a newer series is refused in words."""
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        there = MigrationContext.configure(connection).get_current_revision()
    if there is None or there in known:
        return False
    head = max(known)
    if there[:SERIES] == head[:SERIES] and there > head:
        return True
    raise TooNew(f"The database is at revision {there}, this version knows {head}: install the version that was here, or a newer one.")
