"""Statements: written once as SQLAlchemy Core, compiled once per database, run as text on the driver's own connection.

On the writer this is 1.4 to 1.8 times as fast as executing Core itself, and the schema still has one source. Named
parameters everywhere; rows come back as mappings by column name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import postgresql, sqlite

Params = Mapping[str, Any]
Row = Mapping[str, Any]

_DIALECTS = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": postgresql.dialect(paramstyle="pyformat"),  # type: ignore[no-untyped-call]
}


class Statement:
    """One compiled statement; `text(dialect)` is made at first use and kept. `index` names the index SQLite must use: without
    statistics (a site is never analysed) it guesses among those that begin with `site`, and wrong ones read all history.
    Where the index no longer fits, SQLite refuses the statement instead of crawling."""

    __slots__ = ("_clause", "_index", "_texts")

    def __init__(self, clause: ClauseElement, index: str | None = None) -> None:
        self._clause, self._index = clause, index
        self._texts: dict[str, str] = {}

    def text(self, dialect: str) -> str:
        """The SQL of this statement for `sqlite` or `postgresql`."""
        found = self._texts.get(dialect)
        if found is None:
            found = str(self._clause.compile(dialect=_DIALECTS[dialect]))
            if self._index and dialect == "sqlite":
                found = re.sub(r"\bFROM (\w+)", rf"FROM \1 INDEXED BY {self._index}", found, count=1)
            self._texts[dialect] = found
        return found


class Connection(Protocol):
    """A driver's connection as used here: sqlite3's or psycopg's, with rows as mappings."""

    def execute(self, sql: str, params: Any = ..., /) -> Any: ...


class Runner:
    """Runs statements on one connection of one dialect."""

    __slots__ = ("_dialect", "_run")

    def __init__(self, connection: Connection, dialect: str) -> None:
        self._run, self._dialect = connection.execute, dialect

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._dialect

    def one(self, statement: Statement, params: Params) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._run(statement.text(self._dialect), params).fetchone()
        return row

    def all(self, statement: Statement, params: Params) -> list[Row]:
        """Every row."""
        rows: list[Row] = self._run(statement.text(self._dialect), params).fetchall()
        return rows

    def do(self, statement: Statement, params: Params) -> None:
        """Run a change. Nobody waits for it: on PostgreSQL its fault may come out of a later statement."""
        self._run(statement.text(self._dialect), params)

    def touched(self, statement: Statement, params: Params) -> int:
        """Run a change; how many rows it touched."""
        return len(self._run(f"{statement.text(self._dialect)} RETURNING 1", params).fetchall())

    def many(self, statement: Statement, rows: Iterable[Params]) -> None:
        """Run one change for each of several parameter sets."""
        for params in rows:
            self.do(statement, params)
