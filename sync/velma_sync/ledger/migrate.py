"""Brings a ledger's schema up to date, with the migrations that are part of the package."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy
from sqlalchemy import inspect, text

from velma_connectors.errors import VelmaSyncError

NEWEST = "0003"
"""The last file in migrations/versions; a test keeps the two equal."""

ONE_AT_A_TIME = 0x56454C4D41
"""The number that processes of ours agree on for a server's advisory lock."""

SCRIPTS = Path(__file__).parent / "migrations"


class LedgerTooNew(VelmaSyncError):
    """A newer release has changed this ledger's schema."""


def to_newest(engine: sqlalchemy.Engine) -> None:
    """Run the migrations that are missing. Raises LedgerTooNew."""
    found = version_of(engine)
    if found == NEWEST:
        return
    if found is not None and found > NEWEST:
        raise LedgerTooNew(
            f"the ledger has schema {found}, but this release knows only up to {NEWEST}. "
            "Install the release that wrote it, or restore the ledger from before the upgrade."
        )
    _upgrade(engine)


def version_of(engine: sqlalchemy.Engine) -> str | None:
    """The schema that a ledger has; None while it is empty. Changes nothing."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return version


def _upgrade(engine: sqlalchemy.Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    with engine.connect() as connection:
        writing = connection.execution_options(velma_write=True)
        with writing.begin():
            if writing.dialect.name == "postgresql":
                # Two that start at the same time: the second waits, and finds everything done.
                writing.execute(text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))
            config.attributes["connection"] = writing
            command.upgrade(config, "head")
