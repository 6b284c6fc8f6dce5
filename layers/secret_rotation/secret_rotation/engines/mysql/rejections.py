"""Why the server rejects a login, as far as its password is not the reason.

Error 1045 stands for all of it: a wrong password, an account for other addresses, one that wants TLS or a certificate.
Whoever sets a password because of it ends one that works, and helps nobody. The superuser can see which it is.
"""

from collections.abc import Iterator, Sequence

from secret_rotation.credentials import Credentials
from secret_rotation.engines.mysql.accounts import Account, accounts_of
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.hosts import Client, client_of
from secret_rotation.engines.mysql.other_accounts import MAX_ACCOUNTS
from secret_rotation.engines.mysql.remedies import PASSWORD
from secret_rotation.engines.mysql.sql import Sql, account_name
from secret_rotation.engines.mysql.stored_passwords import stored_passwords
from secret_rotation.errors import UnsafeRotationError

_ANONYMOUS = ""
_ANY_HOST = ("%", "")
_WITHOUT_TLS = "REQUIRE NONE"
_WITH_TLS = "REQUIRE SSL"
_IDENTIFIED = Sql("{} IDENTIFIED BY {}")


def refuse_unusable(connection: Connection, user: Credentials) -> None:
    """Stop unless the server rejects the login of a user for its password alone.

    Raises:
        UnsafeRotationError: another password would not help; the message has the cause, and the statement against it.
    """
    for cause in _causes(connection, user):
        raise UnsafeRotationError(
            f"The server rejects {user.username} of {user.secret} for another reason than its password, so the "
            f"superuser sets none, and nothing was changed. {cause} Then rotate again."
        )


def _causes(connection: Connection, user: Credentials) -> Iterator[str]:
    accounts, client = accounts_of(connection, [user.username, _ANONYMOUS]), client_of(connection)
    own = [account for account in accounts if account.user == user.username]
    if not own:
        yield f"There is no account of {user.username}. Correct 'username' in the secret, or create the user."
    if not client.addresses and any(account.host not in _ANY_HOST for account in accounts):
        yield _unknown_address(client, own)
    chosen = client.nearest(accounts)
    if not chosen:
        yield _no_account_for(client, own)
    for account in chosen:
        yield from _why_unusable(account, user, client)
    right = _of_this_password(connection, own, user)
    if right:
        yield _right_password(right, chosen, user, client)


def _of_this_password(connection: Connection, own: Sequence[Account], user: Credentials) -> list[Account]:
    """The accounts that have the secret's password, of as many as are looked at: each takes a slow hash."""
    stored, right = stored_passwords(connection, user.username), []
    for account in own[:MAX_ACCOUNTS]:
        connection.require_time()
        # An account that was dropped between the two reads has none.
        if account.host in stored and stored[account.host].accept(user.password):
            right.append(account)
    return right


def _why_unusable(account: Account, user: Credentials, client: Client) -> Iterator[str]:
    """What keeps everybody from logging in from here by any password."""
    alter, require = Sql("ALTER USER {}").format(account.sql).typed(), account.options["REQUIRE"]
    if account.user != user.username:
        yield (
            f"From {client.name} it takes the login for the anonymous account {account.sql}, and not for one of "
            f"{user.username}. If nobody needs that: {_drop([account])}"
        )
    elif not account.takes_password:
        yield (
            f"Account {account.sql} logs in by the plugin {account.plugin}, and by no password. If it should: "
            f"{alter} IDENTIFIED WITH caching_sha2_password BY {PASSWORD};"
        )
    elif account.locked:
        yield f"Account {account.sql} is locked. If that is not on purpose: {alter} ACCOUNT UNLOCK;"
    elif require == _WITH_TLS and not user.tls:
        yield (
            f'Account {account.sql} demands TLS, and the secret says "ssl": false. Remove that from the secret; or, if '
            f"the network is trusted: {alter} {_WITHOUT_TLS};"
        )
    elif require not in (_WITH_TLS, _WITHOUT_TLS):
        yield (
            f"Account {account.sql} has {require}, and the function logs in with TLS, but without a client "
            f"certificate. If a password over TLS is enough: {alter} {_WITH_TLS};"
        )


def _no_account_for(client: Client, own: Sequence[Account]) -> str:
    there = _IDENTIFIED.format(account_name(own[0].user, client.name), PASSWORD)
    return (
        f"The function connects from {client.name}, and the user exists for other hosts only: "
        f"{_names(own)}. Let the function connect from there; or create the user for it, with the rights of the "
        f"others: {Sql('CREATE USER {}').format(there).typed()};"
    )


def _unknown_address(client: Client, own: Sequence[Account]) -> str:
    return (
        f"It knows the function as {client.name} and tells no address, so nobody can tell which account it chooses: "
        f"{_names(own)}. Set the password as an administrator: {_same_password(own)}"
    )


def _right_password(right: Sequence[Account], chosen: Sequence[Account], user: Credentials, client: Client) -> str:
    if set(map(_name, right)) & set(map(_name, chosen)):
        return f"The password is that of account {_names(right)}. The server's error log says what else is wrong."
    return (
        f"The password is that of {_names(right)}, but from {client.name} the server takes {user.username} for "
        f"{_names(chosen)}, which has another one. If nobody needs that: {_drop(chosen)} Else give it the "
        f"same password: {_same_password(chosen)}"
    )


def _drop(accounts: Sequence[Account]) -> str:
    return f"{Sql('DROP USER {}').format(Sql(', ').join(account.sql for account in accounts)).typed()};"


def _same_password(accounts: Sequence[Account]) -> str:
    identified = Sql(", ").join(_IDENTIFIED.format(account.sql, PASSWORD) for account in accounts)
    return f"{Sql('ALTER USER {}').format(identified).typed()};"


def _names(accounts: Sequence[Account]) -> str:
    return ", ".join(map(_name, accounts))


def _name(account: Account) -> str:
    return str(account.sql)
