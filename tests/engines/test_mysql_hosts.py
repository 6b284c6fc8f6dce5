"""Which of several accounts MySQL takes a login for: what the product thinks, held against the server itself."""

import socket
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from lab.engines.mysql import MySQLServer, start_mysql
from lab.servers import Login
from secret_rotation.engines.mysql.accounts import accounts_of
from secret_rotation.engines.mysql.hosts import Client, client_of
from secret_rotation.engines.mysql.sql import Sql, account_name
from tests.engines.mysql_clients import account_of
from tests.engines.mysql_users import User

ANONYMOUS = ""
HOSTS = [
    "%", "", "127.%", "127.0.%", "127.0.0._", "127.0.0.%", "127.0.0.2", "127.0.0.3", "127.0.0.1", "localhost",
    "127.0.0.0/255.0.0.0", "127.0.0.0/255.255.255.0", "127.0.0.2/255.255.255.0", "127.0.0.0/8", "127.0.0.0/24",
    "127.0.0.2/32", "127.0.0.3/31", "10.0.0.0/8", "10.%", "fd00::1", "local%", "LOCAL%st", "%host", "_ocalhost", "1%",
    "%.2", "%%",
]  # fmt: skip
ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


@pytest.fixture(scope="module")
def own_mysql() -> Iterator[MySQLServer]:
    """A server without accounts that would come between."""
    with start_mysql() as server:
        yield server


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_account_is_the_one_that_the_server_chooses(
    own_mysql: MySQLServer, unique_name: Callable[..., str], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """One account after the other is dropped, the chosen one first, until none is left for this address."""
    app = User.create(own_mysql, unique_name(), *HOSTS)
    monkeypatch.setattr(socket, "create_connection", partial(socket.create_connection, source_address=(address, 0)))
    with app.superuser() as session:
        connection = session._connection  # noqa: SLF001 - what is to be asked
        client, users = client_of(connection), [app.name, ANONYMOUS]
        for host in HOSTS:
            connection.run(Sql("CREATE USER {} IDENTIFIED BY {}").format(account_name(ANONYMOUS, host), app.password))
        while (taken := account_of(own_mysql, Login(app.name, app.password), address)) is not None:
            nearest = client.nearest(accounts_of(connection, users))
            assert taken in [f"{account.user}@{account.host}" for account in nearest]
            assert len({account.user for account in nearest}) == 1
            connection.run(Sql("DROP USER {}").format(account_name(*taken.split("@"))))
        left = accounts_of(connection, users)
        assert not client.nearest(left)
        for account in left:
            connection.run(Sql("DROP USER {}").format(account.sql))


def test_a_client_with_a_name() -> None:
    """A name that the server found counts beside the address, in any case of its letters."""
    client = Client("ip-10-1-2-3.eu-central-1.compute.internal", {"10.1.2.3"})
    for host in ("%.compute.internal", "IP-10-1-2-3.%", "10.1.%", "10.1.0.0/16", "%"):
        assert client.may_use(host)
    for host in ("10.2.%", "compute.internal", "10.1.2.0/255.255.255.254", "ip-10-1-2-3", "localhost"):
        assert not client.may_use(host)


def test_a_client_of_ipv6() -> None:
    """No netmask is for it; its address is compared as a text, in which there may be wildcards."""
    client = Client("fd00::2", {"fd00::2"})
    assert all(client.may_use(host) for host in ("fd00::2", "fd00:%", "%", ""))
    assert not any(client.may_use(host) for host in ("fd00::/16", "0.0.0.0/0", "fd00::3", "10.%"))
