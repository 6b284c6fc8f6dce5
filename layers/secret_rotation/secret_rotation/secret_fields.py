"""The keys of a secret's JSON that are read, and what can be wrong with each."""

import re
from collections.abc import Callable

from secret_rotation.errors import InvalidSecretError
from secret_rotation.secret_json import SecretDocument
from secret_rotation.texts import text_fault

# libpq reads a leading slash as a socket's folder and a comma as a list of hosts, so a host is held to what DNS allows.
# Python dies of a name whose parts DNS does not allow, where it is to be in a certificate.
_HOST = re.compile(r"(?!-)(?:[A-Za-z0-9_-]{1,63}\.)*(?!-)[A-Za-z0-9_-]{0,62}[A-Za-z0-9_]\.?|(?=[^:]*:)[0-9A-Fa-f:.]+")
MAX_HOST_LENGTH = 255
"""More than any name in DNS. Source: RFC 1035, "Size limits"."""
_HOST_FAULTS = (
    (re.compile(r"\s"), "has a blank or another white space in it, maybe at one of its ends. Remove it"),
    (re.compile(r"://"), "is a URL. Put only the host of it into '{key}'"),
    (
        re.compile(r"^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d+$"),
        "has a port in it. Put the number into 'port', and only the host into '{key}'",
    ),
    (re.compile(""), "is not a host name or an IP address"),
)
"""What people take for a host, and what is wrong with it; the last one is anything else."""
_WORDS_FOR_TLS = frozenset(
    {"", "true", "yes", "on", "1", "require", "required", "verify-ca", "verify-full", "verify_ca", "verify_identity"}
)
"""What a text in the key `ssl` may say, but for "false". Words of libpq and MySQL that want TLS get verified TLS; words
that may want none, such as "no", "prefer" or 0, are refused."""


class SecretFields:
    """Reads the keys of one secret, and collects what is wrong with them, so that all of it is told at once.

    A key that may be left out may also be null or empty: scripts and tools write `"dbname": ""` where there is none.
    Values are never quoted: what stands in the wrong key may be the password. What a key with a fault is read as has no
    meaning; `require_no_fault` comes before anything is done with it.
    """

    def __init__(self, text: str, secret: str) -> None:
        self.document = SecretDocument.parse(text, secret)
        self._secret = secret
        self._faults: dict[str, str] = {}

    def require_no_fault(self) -> None:
        """Stop where a key was wrong.

        Raises:
            InvalidSecretError: the message names each of them.
        """
        if len(self._faults) == 1:
            ((key, fault),) = self._faults.items()
            raise InvalidSecretError(f"Key '{key}' of {self._secret} {fault}.")
        if self._faults:
            faults = "; ".join(f"'{key}' {fault}" for key, fault in self._faults.items())
            raise InvalidSecretError(f"{len(self._faults)} keys of {self._secret} are wrong: {faults}.")

    def has(self, key: str) -> bool:
        """Whether the key says anything."""
        return self.document.get(key) not in (None, "")

    def optional_text(self, key: str) -> str | None:
        """The text of a key that may be left out."""
        return self.text(key) if self.has(key) else None

    def text(self, key: str) -> str:
        """The text of a key."""
        value = self.document.get(key)
        fault = text_fault(value)
        return str(value) if fault is None else self._wrong(key, fault)

    def username(self, fault_of: Callable[[str], str | None]) -> str:
        """The user name, of which `fault_of` says why no user of the server can have it, or None."""
        value = self.text("username")
        fault = fault_of(value) if value else None
        return value if fault is None else self._wrong("username", fault)

    def require_engine(self, names: frozenset[str]) -> None:
        """Look whether the secret is for one of these engines."""
        value = self.text("engine")
        if value and value not in names:
            allowed = " or ".join(f"'{name}'" for name in sorted(names))
            self._wrong("engine", f"must be {allowed}; for other engines attach the rotation function of that engine")

    def host(self, key: str = "host") -> str:
        """The host name, or the IP address, that a key holds."""
        value = self.text(key)
        if not value or (len(value) <= MAX_HOST_LENGTH and _HOST.fullmatch(value)):
            return value
        return self._wrong(key, next(fault for pattern, fault in _HOST_FAULTS if pattern.search(value)).format(key=key))

    def tlsname(self) -> str | None:
        """The name that the certificate is for, where the secret has one."""
        if not self.has("tlsname"):
            return None
        if not self.tls():
            self._wrong("tlsname", 'means nothing where "ssl" is false. Remove one of the two')
        return self.host("tlsname")

    def port(self, default: int) -> int:
        """The port, as a number or as a text that spells one."""
        value = self.document.get("port")
        if isinstance(value, str):
            value = _number(value.strip())
        elif isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong("port", "is not a whole number")
        elif not 1 <= value <= 65_535:  # noqa: PLR2004 - the range of TCP ports
            self._wrong("port", "is not between 1 and 65535")
        else:
            return value
        return default

    def tls(self) -> bool:
        """Whether TLS is wanted, which only a clear no turns off."""
        value = self.document.get("ssl")
        word = value.strip().lower() if isinstance(value, str) else value
        if word is False or word == "false":
            return False
        if word is None or word is True or (isinstance(word, str) and word in _WORDS_FOR_TLS):
            return True
        if isinstance(word, int) and word == 1:
            return True
        self._wrong(
            "ssl",
            "is neither true nor false. Remove it, which means verified TLS; or, where plaintext is acceptable, write "
            "false",
        )
        return True

    def _wrong(self, key: str, fault: str) -> str:
        self._faults.setdefault(key, fault)
        return ""


def _number(text: str) -> int | str | None:
    """The number that a text spells; None for an empty text, and any other as it is."""
    if text.isascii() and text.isdigit() and len(text) <= len("65535"):
        return int(text)
    return text or None
