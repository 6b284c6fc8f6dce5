"""Whether a password is the one of an account, by what the server stores of it.

Only the superuser may read that. It proves what a login proves, also for an account that takes no login from here. A
password is slow to guess from what is stored of it, which is hidden all the same.
Source: MySQL Reference Manual, "Caching SHA-2 Pluggable Authentication", "Native Pluggable Authentication"; the
server's sql/auth/sha2_password.cc.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.privileges import READ_ACCOUNTS, permitted
from secret_rotation.engines.mysql.sha256_crypt import sha256_crypt
from secret_rotation.engines.mysql.sql import Sql
from secret_rotation.hidden import Hidden
from secret_rotation.password import MAXIMUM_LENGTH, Password

_CACHING_SHA2 = re.compile(rb"\$A\$([0-9A-F]{3})\$(.{20})(.{43})", re.DOTALL)
_SHA256 = re.compile(rb"\$5\$(.{20})\$(.{43})", re.DOTALL)
_ROUNDS_UNIT = 1000
_MAX_ROUNDS = 100_000
"""The server's default is 5,000, which takes a hundredth of a second. It goes up to 4,095,000."""
_SHA256_ROUNDS = 5000

# With the salts of two accounts the same password is two different hashes; so each is computed anew.
_QUERY = Sql(
    "SELECT Host, plugin, authentication_string, JSON_EXTRACT(User_attributes, '$.additional_password') "
    "FROM mysql.user WHERE User = {}"
)


class Hash(Hidden):
    """What the server stores of a password."""

    __slots__ = ("_accepts",)

    def __init__(self, text: str, plugin: str) -> None:
        super().__init__(text)
        self._accepts = _PLUGINS.get(plugin)

    @property
    def can_be_told(self) -> bool:
        """Whether a password can be compared with it."""
        return self._accepts is not None and _rounds(self.reveal().encode(errors="surrogatepass")) <= _MAX_ROUNDS

    def accepts(self, password: Password) -> bool:
        """Whether it is the hash of this password. False where that cannot be told."""
        stored, given = (text.encode(errors="surrogatepass") for text in (self.reveal(), password.reveal()))
        # A caching_sha2_password of more bytes is none, and hashing takes the square of its length.
        return self._accepts is not None and len(given) <= MAXIMUM_LENGTH and self._accepts(stored, given)


@dataclass(frozen=True, slots=True)
class StoredPasswords:
    """The two passwords that an account may have."""

    primary: Hash
    secondary: Hash

    def accept(self, password: Password) -> bool:
        """Whether this is one of them."""
        return self.primary.accepts(password) or self.secondary.accepts(password)


def stored_passwords(connection: Connection, username: str) -> dict[str, StoredPasswords]:
    """The passwords of a user's accounts, by host."""
    rows = permitted(connection, _QUERY.format(username), READ_ACCOUNTS)
    return {
        str(host): StoredPasswords(Hash(primary or "", plugin), Hash(json.loads(secondary or '""'), plugin))
        for host, plugin, primary, secondary in rows
    }


def _rounds(stored: bytes) -> int:
    """How often a hash of caching_sha2_password is hashed; 0 for any other."""
    found = _CACHING_SHA2.fullmatch(stored)
    return int(found[1], 16) * _ROUNDS_UNIT if found else 0


def _caching_sha2(stored: bytes, given: bytes) -> bool:
    found, rounds = _CACHING_SHA2.fullmatch(stored), _rounds(stored)
    if found is None or rounds > _MAX_ROUNDS:
        return False
    return hmac.compare_digest(sha256_crypt(given, found[2], rounds), found[3])


def _sha256(stored: bytes, given: bytes) -> bool:
    found = _SHA256.fullmatch(stored)
    return found is not None and hmac.compare_digest(sha256_crypt(given, found[1], _SHA256_ROUNDS), found[2])


def _native(stored: bytes, given: bytes) -> bool:
    once = hashlib.sha1(given, usedforsecurity=False).digest()
    twice = hashlib.sha1(once, usedforsecurity=False).hexdigest()
    return hmac.compare_digest(f"*{twice.upper()}".encode(), stored)


_PLUGINS: Mapping[str, Callable[[bytes, bytes], bool]] = {
    "caching_sha2_password": _caching_sha2,
    "mysql_native_password": _native,
    "sha256_password": _sha256,
}
