"""Statements in the database of a product that may just have been killed."""

from typing import Any

import psycopg2

from deploy.local.stack import Stack


def ask(stack: Stack, statement: str) -> list[tuple[Any, ...]]:
    """Carries out a statement that returns rows. Raises psycopg2.Error where nobody answers within seconds."""
    connection = psycopg2.connect(stack.database, connect_timeout=3, options="-c statement_timeout=20000")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        connection.close()
