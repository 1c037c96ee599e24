"""Customers have names outside that are not their ids."""

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table of pseudonyms."""
    op.create_table(
        "pseudonyms",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("customer_no", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_pseudonyms_customer_no", "pseudonyms", ["customer_no"])
