"""Migrations only add: whatever the version before reads and writes is there after each of them, on both databases.

Holds the comparison of schemas revision by revision, its proof against planted migrations, and an older version's start on a
newer one's database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

import queue_server.storage.store as storage
from queue_server.storage.revisions import TooNew
from queue_server.storage.store import migrate

REVISIONS = sorted(Path(storage.__file__).parent.glob("migrations/versions/0*.py"))
# Before the first release there was nobody to run beside: these two brought NOT NULL columns together with values for all rows.
NOBODY_BEFORE = "0001"


@dataclass
class Table:
    columns: dict[str, tuple[str, bool, bool]] = field(default_factory=dict)  # type, may be NULL, has a default
    unique: set[tuple[tuple[str, ...], str]] = field(default_factory=set)  # columns, condition
    checks: set[str] = field(default_factory=set)
    foreign: int = 0


def schema(connection: Connection) -> dict[str, Table]:
    seen = inspect(connection)
    found = {}
    for name in seen.get_table_names():
        table = found[name] = Table()
        key = tuple(seen.get_pk_constraint(name)["constrained_columns"])
        for column in seen.get_columns(name):
            default = column["default"] is not None or (key == (column["name"],) and "INT" in str(column["type"]))
            table.columns[column["name"]] = (str(column["type"]), bool(column["nullable"]), default)
        table.unique = {(key, "")} | {(tuple(each["column_names"]), "") for each in seen.get_unique_constraints(name)}
        for index in seen.get_indexes(name):
            if index["unique"]:
                options = index.get("dialect_options", {})
                where = options.get("sqlite_where", options.get("postgresql_where"))
                table.unique.add((tuple(str(each) for each in index["column_names"]), "" if where is None else str(where)))
        table.checks = {str(each["sqltext"]) for each in seen.get_check_constraints(name)}
        table.foreign = len(seen.get_foreign_keys(name))
    return found


def narrowed(before: dict[str, Table], after: dict[str, Table]) -> list[str]:
    """What would stop a program that knows only `before`."""
    found = []
    for name, old in before.items():
        new = after.get(name)
        if new is None:
            found.append(f"{name} is gone")
            continue
        for column, (kind, nullable, default) in old.columns.items():
            there = new.columns.get(column)
            if there is None:
                found.append(f"{name}.{column} is gone")
            elif there[0] != kind or (nullable and not there[1]) or (default and not there[2]):
                found.append(f"{name}.{column} was {kind, nullable, default}, is {there}")
        added = set(new.columns) - set(old.columns)
        found += [f"{name}.{each} is NOT NULL without a default" for each in sorted(added) if new.columns[each][1:] == (False, False)]
        found += [f"{name} is unique by {key[0]} {key[1]}" for key in sorted(new.unique) if not _harmless(key, old, added)]
        found += [f"{name} checks {each}" for each in sorted(new.checks - old.checks)]
        found += [f"{name} refers to another table"] if new.foreign > old.foreign else []
    return found


def _harmless(key: tuple[tuple[str, ...], str], old: Table, added: set[str]) -> bool:
    """As it was; wider than one that was; or only about rows whose new column somebody filled."""
    columns, where = key
    wider = any(set(before) <= set(columns) and (not condition or condition == where) for before, condition in old.unique)
    return wider or any(f"{each} IS NOT NULL" in where.replace('"', "").replace("(", "").replace(")", "") for each in added)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.full)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/growing.db"
    name = f"growing{len(request.node.originalname)}"
    return str(request.getfixturevalue("cluster").bare(name)).replace("postgresql:", "postgresql+psycopg:")


def config_of(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def test_every_migration_only_adds(url: str) -> None:
    config, engine = config_of(url), create_engine(url)
    order = [script.revision for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]
    assert order == [path.name[:4] for path in REVISIONS] == sorted(order)
    assert {each[:2] for each in order} == {"00"}, "a migration that takes away begins a new series and a new minor version"
    command.upgrade(config, order[0])
    assert order[0] == NOBODY_BEFORE
    for revision in order[1:]:
        with engine.connect() as connection:
            before = schema(connection)
        command.upgrade(config, revision)
        with engine.connect() as connection:
            assert narrowed(before, schema(connection)) == [], revision


PLANTED: list[tuple[str, Callable[[dict[str, Table]], Any]]] = [
    ("gone", lambda tables: tables.pop("seal")),
    ("gone", lambda tables: tables["ticket"].columns.pop("state")),
    ("NOT NULL without", lambda tables: tables["ticket"].columns.update(colour=("TEXT", False, False))),
    ("was", lambda tables: tables["ticket"].columns.update(counter=("TEXT", False, False))),
    ("was", lambda tables: tables["ticket"].columns.update(number=("TEXT", False, False))),
    ("unique", lambda tables: tables["ticket"].unique.add((("label",), ""))),
    ("checks", lambda tables: tables["ticket"].checks.add("number < 100")),
    ("refers", lambda tables: setattr(tables["ticket"], "foreign", 1)),
]


def test_the_comparison_sees_what_would_stop_the_version_before(tmp_path: Path) -> None:
    made = f"sqlite:///{tmp_path}/made.db"
    migrate(made)
    with create_engine(made).connect() as connection:
        assert narrowed(schema(connection), schema(connection)) == []
        for word, plant in PLANTED:
            after = schema(connection)
            plant(after)
            found = narrowed(schema(connection), after)
            assert len(found) == 1, found
            assert word in found[0]


def test_a_version_that_was_taken_back_starts_on_what_the_newer_one_left(url: str) -> None:
    migrate(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0099'"))
        connection.execute(text("CREATE TABLE of_the_newer_one (a INTEGER)"))
    migrate(url)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0099", "the newer one finds its own"
        connection.execute(text("UPDATE alembic_version SET version_num = '0101'"))
    with pytest.raises(TooNew, match="0101"):
        migrate(url)
