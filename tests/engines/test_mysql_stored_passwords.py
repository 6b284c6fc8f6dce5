"""What a MySQL server stores of passwords proves them, without a login."""

import pytest

from secret_rotation.engines.mysql.stored_passwords import StoredPasswords, stored_passwords
from secret_rotation.password import Password
from tests.engines.mysql_users import User, new_password

PASSWORDS = ["p", "'\"\\ %s `--", "\u00e9\u20ac\u8a9e\u00fc" * 8, "x" * 31, "x" * 32, "x" * 33, "y" * 63, "z" * 256]
PLUGINS = ["caching_sha2_password", "sha256_password"]


def stored(app: User) -> StoredPasswords:
    """What the server stores of the user's passwords."""
    with app.superuser() as session:
        return stored_passwords(session._connection, app.name)["%"]  # noqa: SLF001 - what is to be read with


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("text", PASSWORDS)
def test_the_password_is_told_from_others(app: User, plugin: str, text: str) -> None:
    """The right one is accepted and another is not, whatever characters it is of, and however long it is."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    app.admin(f"ALTER USER {app.name} IDENTIFIED WITH {plugin} BY '{escaped}'")
    found = stored(app)
    assert found.accept(Password(text))
    assert not any(found.accept(Password(other)) for other in (text[:-1] + "!", text.upper() + "a", "", text * 2))


def test_salts_of_all_kinds(app: User) -> None:
    """The server draws salts of any bytes below 128, control characters included."""
    for _ in range(30):
        app.admin(f"ALTER USER {app.name} IDENTIFIED BY '{app.password}' RETAIN CURRENT PASSWORD")
        found = stored(app)
        assert found.primary.accepts(Password(app.password))
        assert found.secondary.accepts(Password(app.password))


def test_both_passwords_are_told_apart(app: User) -> None:
    """The primary one and the secondary one, of which there may be none."""
    assert not stored(app).secondary.accepts(Password(app.password))
    new = new_password()
    app.admin(f"ALTER USER {app.name} IDENTIFIED BY '{new}' RETAIN CURRENT PASSWORD")
    found = stored(app)
    assert [found.primary.accepts(Password(text)) for text in (new, app.password)] == [True, False]
    assert [found.secondary.accepts(Password(text)) for text in (new, app.password)] == [False, True]
