"""Why a server that can set passwords does not set this one, beyond what its SQLSTATE says by itself.

A server may have libraries that look at every new password (check_password_hook). They see a verifier here, and some
refuse whatever is no plain text. credcheck then raises 28000, and before its version 2 an internal error; pg_tle's
passcheck what its function raises, P0001 unless it says otherwise, and 0A000 or 22000 where it demands a function that
is missing; passwordcheck, which takes verifiers, 22023 for a password that is the user's name.
Source: credcheck.c, pg_tle's passcheck.c, PostgreSQL's contrib/passwordcheck.
"""

from secret_rotation.engines.postgresql.sql import quoted

INSUFFICIENT_PRIVILEGE = "42501"
_INTERNAL_ERROR = "XX000"
_OF_A_POLICY = frozenset({"28000", "P0001", "0A000", "22000", "22023", _INTERNAL_ERROR})

_POLICY = (
    " This is what a server says whose policy for passwords refuses hashed ones, and nothing else is sent, so that no "
    "log holds a password. Let it take them: with credcheck, ALTER SYSTEM SET credcheck.encrypted_password_allowed = "
    "on; SELECT pg_reload_conf(); as a superuser of the server, or that setting in the parameter group; with pg_tle, "
    "let the function for passcheck return for PASSWORD_TYPE_SCRAM_SHA_256. AWSPENDING stays as it is: the next "
    "attempt sets it."
)


def explain_refusal(code: str, username: str) -> str:
    """What to do about a refusal to set a password, for the session of this user.

    Returns:
        A sentence to follow the error's own message, or nothing where there is nothing to add.
    """
    if code == INSUFFICIENT_PRIVILEGE:
        return (
            " Where rds.restrict_password_commands is on, only members of rds_password may set passwords: "
            f"GRANT rds_password TO {quoted(username)};"
        )
    if code == _INTERNAL_ERROR:
        return f" If the next attempt fails too, nobody else was changing the role at that moment.{_POLICY}"
    return _POLICY if code in _OF_A_POLICY else ""
