"""Models read what is told of items when it comes, and keep what they made of it."""

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table of vectors, and let all items that were told of be read."""
    op.create_table(
        "item_vectors",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("look", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "look"),
        sqlite_with_rowid=False,
    )
    op.add_column("items", sa.Column("unread", sa.BigInteger()))
    op.execute("UPDATE items SET unread = 1")
    there = sa.text("unread IS NOT NULL")
    op.create_index(
        "ix_items_unread", "items", ["unread"], sqlite_where=there, postgresql_where=there
    )
