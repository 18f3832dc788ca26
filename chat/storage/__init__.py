"""The database: how it is reached, its transactions, tables and migrations, and the copies that are made of it."""
