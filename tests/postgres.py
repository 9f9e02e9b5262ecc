"""A PostgreSQL server of the tests' own, started from the machine's binaries and gone with them.

One cluster per session and one migrated database, emptied before each test; a test that needs one to itself makes it.
Flushing is off, because no test here pulls the plug, unless the cluster is asked to be `safe`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from queue_server.storage.store import migrate
from queue_server.storage.tables import metadata


def binaries() -> Path:
    """The folder of initdb and pg_ctl: Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise RuntimeError("PostgreSQL's server is not installed: make env (Debian: apt-get install postgresql)")
    return found[-1].parent if found else Path(str(on_path)).parent


class Cluster:
    """A running server with a Unix socket only. It refuses to run as root, so as root it runs as `nobody`."""

    def __init__(self, *, safe: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="toiluot-pg-"))
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", f"{self.folder}/data", "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C")
        flushing = "" if safe else " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=200{flushing}"
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-o", options, "-l", f"{self.folder}/log", "-w", "start")
        self.create("site")

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def create(self, name: str) -> str:
        """The URL of a new, migrated database."""
        self.bare(name)
        migrate(self.url(name))
        return self.url(name)

    def bare(self, name: str) -> str:
        """The URL of a new database without a table."""
        self._sql("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def emptied(self) -> str:
        """The URL of the shared database, without a row."""
        self._sql("site", f"TRUNCATE {', '.join(metadata.tables)}")
        return self.url("site")

    def stop(self) -> None:
        """Stop at once and leave nothing behind."""
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _sql(self, database: str, statement: str) -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: str) -> None:
        with (self.folder / "out").open("ab") as out:
            subprocess.run([binaries() / program, *arguments], check=True, stdout=out, stderr=out, user=self._user, cwd="/")
