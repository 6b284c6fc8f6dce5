"""The logins of a rotation on PostgreSQL, and the statements that it cannot do without."""

import os
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2.extensions import connection, encrypt_password
from psycopg2.sql import SQL, Identifier, Literal


def log_in(secret: dict[str, Any]) -> "closing[connection]":
    """Log in over verified TLS."""
    driver = psycopg2.connect(
        host=secret["host"],
        port=secret["port"],
        user=secret["username"],
        password=secret["password"],
        dbname=secret.get("dbname", "postgres"),
        sslmode="verify-full",
        sslrootcert=os.environ["RDS_CA_BUNDLE"],
        connect_timeout=20,
    )
    driver.autocommit = True
    return closing(driver)


def set_password(driver: connection, username: str, password: str) -> None:
    """Set a password as the verifier that the server stores, so that its log has no password."""
    verifier = encrypt_password(password, username, scope=driver, algorithm="scram-sha-256")
    statement = SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(username), Literal(verifier))
    driver.cursor().execute(statement)


def make_clone(driver: connection, original: str, clone: str) -> None:
    """Create the clone where it is missing, acting as its original."""
    cursor = driver.cursor()
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (clone,))
    if not cursor.fetchone():
        names = {"original": Identifier(original), "clone": Identifier(clone), "role": Literal(original)}
        cursor.execute(SQL("CREATE ROLE {clone} LOGIN").format(**names))
        cursor.execute(SQL("GRANT {original} TO {clone}").format(**names))
        cursor.execute(SQL("ALTER ROLE {clone} SET role = {role}").format(**names))


def test(driver: connection) -> None:
    """Run a query."""
    driver.cursor().execute("SELECT session_user")
