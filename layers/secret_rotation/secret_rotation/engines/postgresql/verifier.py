"""What is sent instead of a password: the verifier that the server would have made of it.

So the password never reaches the server, and with it neither the server's log nor pg_stat_statements.
"""

import re

from psycopg2.extensions import connection, encrypt_password

from secret_rotation.errors import StatementFailedError
from secret_rotation.model import Password

# Each as the server stores it. What has not this form the server would take for a password, and hash and log it.
_FORMS = {
    "scram-sha-256": re.compile(r"SCRAM-SHA-256\$\d+:[A-Za-z0-9+/]+={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}="),
    "md5": re.compile(r"md5[0-9a-f]{32}"),
}


def verifier(password: Password, username: str, algorithm: str, driver: connection) -> str:
    """The verifier of a password, by the server's own `password_encryption`.

    Raises:
        StatementFailedError: the server wants an algorithm that is not known here, or no verifier can be made.
    """
    form = _FORMS.get(algorithm)
    if form is None:
        raise StatementFailedError(
            "The server's password_encryption is neither scram-sha-256 nor md5. Set it to scram-sha-256.", code="22023"
        )
    try:
        text = encrypt_password(password.reveal(), username, scope=driver, algorithm=algorithm)
    except UnicodeError:
        text = ""
    if not form.fullmatch(text):
        raise StatementFailedError(
            f"No {algorithm} verifier could be made of the new password of {username}; nothing was sent.", code="22023"
        )
    return text
