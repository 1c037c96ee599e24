"""Names that belong together, and the persons that they make."""

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables of evidence, of whose each name is, and of persons with several ids."""
    op.create_table(
        "links",
        sa.Column("a", sa.Text(), nullable=False),
        sa.Column("b", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("a", "b", "rule"),
        sqlite_with_rowid=False,
    )
    op.create_index("links_b", "links", ["b"])
    op.create_table(
        "members",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_index("members_person", "members", ["person"])
    op.create_table(
        "people",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("counters", sa.Text(), nullable=False),
        sa.Column("overlap", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person"),
        sqlite_with_rowid=False,
    )
