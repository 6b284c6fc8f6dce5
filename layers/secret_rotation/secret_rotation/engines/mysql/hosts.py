"""Which of several accounts the server takes a login for: by where it comes from, then by its user name.

An account that was renamed keeps the place of its old host in the server's memory, until FLUSH PRIVILEGES or a restart
(tried on MySQL 9.7). Nobody can see that from outside.
Source: MySQL Reference Manual, "Specifying Account Names", "Access Control, Stage 1: Connection Verification"; the
server's sql/auth/sql_auth_cache.cc.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, ip_address

from secret_rotation.engines.mysql.accounts import Account
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.patterns import is_like
from secret_rotation.engines.mysql.privileges import READ_HOST_CACHE, permitted
from secret_rotation.engines.mysql.sql import Sql

_LOCALHOST = "localhost"
_LOOPBACK = "127.0.0.1"
"""What the server calls localhost without asking anybody. It calls ::1 so, too, which no function ever comes from."""
_FIRST_WILDCARD = re.compile(r"(?:\\.|[^%_\\])*([%_])", re.DOTALL)
_LITERAL, _LONGEST_PREFIX = 128, 126
_EVERY_HOST = ("", "%")
_PREFIX_BITS = 32

Nearness = tuple[int, int, int, int]
"""Of an account's host: the greater one goes first."""


@dataclass(frozen=True, slots=True)
class Client:
    """Where a connection comes from, as the server sees it.

    Attributes:
        name: the name that the server found for the address, or the address where it found none.
        addresses: empty where the server has found a name, and does not tell for which address.
    """

    name: str
    addresses: Collection[str]

    def may_use(self, host: str) -> bool:
        """Whether an account for this host is one for this client."""
        if (network := _Network.of(host)) is not None:
            return any(map(network.has, self.addresses))
        return not host or any(is_like(host, seen.casefold()) for seen in (self.name, *self.addresses))

    def nearest(self, accounts: Sequence[Account]) -> list[Account]:
        """The account that the server chooses among these; several where it does not say how it decides."""
        fitting = [account for account in accounts if self.may_use(account.host)]
        first = max(map(_nearness, fitting), default=None)
        return [account for account in fitting if _nearness(account) == first]


def client_of(connection: Connection) -> Client:
    """Where a connection comes from."""
    name = connection.value(Sql("SELECT USER()"), str).rpartition("@")[2]
    if _is_address(name):
        return Client(name, {name})
    if name == _LOCALHOST:
        return Client(name, {_LOOPBACK})
    query = Sql("SELECT IP FROM performance_schema.host_cache WHERE HOST = {}").format(name)
    rows = permitted(connection, query, READ_HOST_CACHE)
    return Client(name, {str(address) for (address,) in rows})


@dataclass(frozen=True, slots=True)
class _Network:
    """A host that is an IPv4 address, alone or with a netmask. With one of IPv6 it is a mere text to the server.

    Attributes:
        notation: 0 for an address alone, -1 for one with a number of bits, -2 for one with a mask: in this order.
    """

    address: int
    mask: int
    notation: int

    @classmethod
    def of(cls, host: str) -> "_Network | None":
        """The network that a host is; None where it is a name, a pattern or anything else."""
        address, _, mask = host.partition("/")
        try:
            if not mask:
                return cls(int(IPv4Address(address)), int(IPv4Address(2**_PREFIX_BITS - 1)), 0)
            if mask.isascii() and mask.isdigit():
                bits = min(int(mask), _PREFIX_BITS)
                return cls(int(IPv4Address(address)), (2**bits - 1) << (_PREFIX_BITS - bits), -1)
            return cls(int(IPv4Address(address)), int(IPv4Address(mask)), -2)
        except AddressValueError:
            return None

    def has(self, address: str) -> bool:
        try:
            return int(IPv4Address(address)) & self.mask == self.address
        except AddressValueError:
            return False


def _nearness(account: Account) -> tuple[Nearness, bool]:
    """Addresses go before names, names before patterns, and of these the one whose first wildcard comes last.

    For one host a user of its own goes before the anonymous one.
    """
    network, literal = _Network.of(account.host), _literal(account.host)
    host = (1, network.notation, network.mask, literal) if network else (0, 0, 0, literal)
    return host, bool(account.user)


def _literal(host: str) -> int:
    """How much of a host is no pattern. The least of all are those that mean every host, `%` and then nothing."""
    if host in _EVERY_HOST:
        return _EVERY_HOST.index(host) - len(_EVERY_HOST)
    wildcard = _FIRST_WILDCARD.match(host)
    return min(wildcard.end(), _LONGEST_PREFIX) if wildcard else _LITERAL


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
