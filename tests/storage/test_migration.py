"""A database of the version before is brought to this one with every row, and a ticket may then stand at two sites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import BigInteger, Connection, Integer, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

import queue_server.storage.store as storage
from queue_server.storage.store import migrate

TICKETS = 3


def before(url: str) -> None:
    """The schema of the version before."""
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    command.upgrade(config, "0002")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/old.db"
    return str(request.getfixturevalue("cluster").bare("older")).replace("postgresql:", "postgresql+psycopg:")


def add(connection: Connection, n: int, site: str, **changes: Any) -> None:
    """A ticket, whatever columns the table has now."""
    row: dict[str, Any] = {}
    for column in inspect(connection).get_columns("ticket"):
        if not column["nullable"]:
            row[column["name"]] = n if isinstance(column["type"], Integer | BigInteger) else "[]"
    known = {"id": f"t{n}", "site": site, "state": "waiting", "print": "none", "number": n, "token_hash": f"hash{n}", "label": f"A00{n}"}
    row |= known | changes
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO ticket ({names}) VALUES ({values})"), row)


def test_every_row_comes_along_and_one_id_may_stand_at_two_sites(url: str) -> None:
    before(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        for n in range(1, TICKETS + 1):
            add(connection, n, "ONE")
        old = connection.execute(text("SELECT * FROM ticket ORDER BY id")).mappings().all()
        indexes = {index["name"] for index in inspect(connection).get_indexes("ticket")}
    migrate(url)
    migrate(url)
    with engine.begin() as connection:
        new = connection.execute(text("SELECT * FROM ticket ORDER BY id")).mappings().all()
        assert [{name: row[name] for name in old[0]} for row in new] == [dict(row) for row in old]
        assert indexes <= {index["name"] for index in inspect(connection).get_indexes("ticket")}
        assert inspect(connection).get_pk_constraint("ticket")["constrained_columns"] == ["id", "site"]
        add(connection, 1, "TWO", taken_for="[]")
    for twin in (
        {"id": "t1", "number": 9, "token_hash": "other"},
        {"id": "t9", "number": 1},
        {"id": "t9", "number": 9, "token_hash": "hash1"},
    ):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            add(connection, 9, "ONE", **twin)
    engine.dispose()
