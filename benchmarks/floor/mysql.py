"""The logins of a rotation on MySQL, and the statements that it cannot do without."""

import os
import ssl
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pymysql

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

context = ssl.create_default_context(cafile=os.environ["RDS_CA_BUNDLE"])
context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT


def log_in(secret: dict[str, Any]) -> "closing[Connection[Cursor]]":
    """Log in over verified TLS."""
    driver = pymysql.connect(
        host=secret["host"],
        port=secret["port"],
        user=secret["username"],
        password=secret["password"],
        database=secret.get("dbname"),
        ssl=context,
        autocommit=True,
        connect_timeout=20,
    )
    return closing(driver)


def run(driver: "Connection[Cursor]", statement: str, values: tuple[str, ...] = ()) -> tuple[tuple[Any, ...], ...]:
    """Run a statement; its rows."""
    with driver.cursor() as cursor:
        cursor.execute(statement, values or None)
        return tuple(cursor.fetchall())


def make_clone(driver: "Connection[Cursor]", original: str, clone: str) -> None:
    """Create the clone where it is missing, with the grants that the original has."""
    run(driver, "SET ROLE ALL")
    grants = run(driver, "SHOW GRANTS FOR %s", (original,))
    if not run(driver, "SELECT 1 FROM mysql.user WHERE User = %s", (clone,)):
        run(driver, "CREATE USER %s", (clone,))
        for (grant,) in grants:
            run(driver, grant.replace(f"TO `{original}`@", f"TO `{clone}`@"))
