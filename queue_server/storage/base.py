"""What every table of the schema is made with: one metadata, names of constraints, and the few shapes they share. No table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, Text, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def only(condition: str) -> dict[str, Any]:
    """A partial index, said to both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def site_key() -> Column[str]:
    return Column("site", Text, primary_key=True)
