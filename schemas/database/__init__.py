"""The database: tables, migrations, and every SQL statement there is, one module a room."""
