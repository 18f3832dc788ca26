"""The database: its connections, transactions, tables and migrations, and copies of it."""
