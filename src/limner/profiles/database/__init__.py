"""The living store in a relational database: SQLite in one file, or PostgreSQL."""
