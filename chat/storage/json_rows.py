"""A JSON object in one parameter as rows: so one statement asks for any number of things."""

JSON_ROWS = {"sqlite": "json_each(:asked) AS asked", "postgresql": "json_each_text(CAST(:asked AS json)) AS asked"}
"""What follows FROM, by dialect: rows `asked` of a `key` and a `value` for each pair of the object in `:asked`."""
