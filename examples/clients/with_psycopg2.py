"""PostgreSQL by psycopg2: a service that opens a connection for each request, and survives rotations.

Copy `connect` and `is_refusal`, with rotating_secret.py.
"""

import os
from typing import Any

import psycopg2
from psycopg2.extensions import connection

from rotating_secret import RotatingSecret, Values, certified_name, ip_address, uses_tls
from service import serve_logins

REFUSALS = ("authentication failed", "This RDS proxy has no credentials")
"""psycopg2 has no SQLSTATE of a refused login (28P01): the text is all that there is."""


def connect(values: Values) -> connection:
    """Open a connection with the values of a secret."""
    opened: connection = psycopg2.connect(
        user=values["username"],
        password=values["password"],
        dbname=values.get("dbname") or "postgres",
        host=certified_name(values),
        port=int(values.get("port") or 5432),
        connect_timeout=5,
        **tls(values),
    )
    return opened


def tls(values: Values) -> dict[str, Any]:
    """Verify the server, as libpq has it: `host` is the certificate's name, `hostaddr` where to connect."""
    if not uses_tls(values):
        return {"sslmode": "disable"}
    alias = {"hostaddr": ip_address(values)} if values.get("tlsname") else {}
    return {"sslmode": "verify-full", "sslrootcert": os.environ["CA_BUNDLE"], **alias}


def is_refusal(error: Exception) -> bool:
    """Whether the server refused the login."""
    return isinstance(error, psycopg2.OperationalError) and any(text in str(error) for text in REFUSALS)


def main() -> None:
    """Serve."""
    secret = RotatingSecret(os.environ["SECRET_ID"])
    serve_logins(lambda: secret.log_in(connect, is_refusal))


if __name__ == "__main__":
    main()
