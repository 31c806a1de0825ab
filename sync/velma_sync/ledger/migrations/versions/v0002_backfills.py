"""Backfills, and the calls that belong to one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "backfill",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("max_cost", sa.Float(), nullable=True),
        sa.Column("max_hours", sa.Float(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["connection"], ["connection.name"], name="fk_backfill_connection"),
        sa.PrimaryKeyConstraint("id", name="pk_backfill"),
    )
    # In place: SQLite would otherwise copy the table, and drop the one that others refer to.
    backfill = sa.Column("backfill", ID, sa.ForeignKey("backfill.id", name="fk_call_backfill"), nullable=True)
    op.add_column("call", backfill, inline_references=True)
    op.add_column("call", sa.Column("rank", sa.Integer(), nullable=True))
    op.create_index("ix_call_backfill_state_rank", "call", ["backfill", "state", "rank"])
