"""How often each portrait was written, so that one drawn anew is told from its older self."""

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the count to the customers; it begins at zero for all."""
    op.add_column(
        "customers", sa.Column("drawings", sa.BigInteger(), nullable=False, server_default="0")
    )
