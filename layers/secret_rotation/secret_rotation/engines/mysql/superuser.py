"""A session of the superuser: sets the passwords of ordinary users, and keeps pairs of users equal."""

from secret_rotation.engine import Pair
from secret_rotation.engines.mysql.accounts import Account, quote_text
from secret_rotation.engines.mysql.catalog import accounts_of, rights_of
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.mirror import mirror
from secret_rotation.engines.mysql.passwords import replace_passwords
from secret_rotation.engines.mysql.privileged import administrative_right
from secret_rotation.engines.mysql.rights import ROLE
from secret_rotation.engines.mysql.session import MySQLSession
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.model import Password


class MySQLSuperuserSession(MySQLSession):
    """A connection of the superuser, with all of its roles active."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        connection.run("SET ROLE ALL")

    def exists(self, username: str) -> bool:
        """Whether there is an account of this name, on any host."""
        return bool(self._accounts(username))

    def set_password(self, username: str, password: Password) -> None:
        """Set the password of all accounts of a user, on any host, in one statement; both old passwords end.

        None is kept: a superuser resets what nobody knows any more, and a user may always change its own.

        Raises:
            UnsafeRotationError: no account of this user logs in by password.
        """
        accounts = [account for account in self._accounts(username) if account.takes_password]
        if not accounts:
            raise UnsafeRotationError(f"There is no account {quote_text(username)} that logs in by password.")
        replace_passwords(self._connection, [(account, account.plugin) for account in accounts], password)

    def refuse_privileged(self, username: str) -> None:
        """Stop where the user is missing, the superuser itself, or more than an ordinary user.

        Raises:
            UnsafeRotationError: it is one of these.
        """
        if username == self._connection.credentials.username:
            raise UnsafeRotationError(f"User {username} is the superuser itself, which must not set its own password.")
        accounts = self._accounts(username)
        if not accounts:
            raise UnsafeRotationError(f"There is no user {username} in the database. Create it, or correct the secret.")
        for account in accounts:
            if (right := self._administrative_right(account)) is not None:
                raise UnsafeRotationError(
                    f"Account {account.sql} has {right}, so whoever resets its password gains more than an ordinary "
                    "user has. The superuser sets no such password: log in as the account and change it by hand."
                )

    def is_pair(self, pair: Pair) -> bool:
        """Whether a rotation left its mark on an account of the clone."""
        return any(account.mark is not None for account in self._accounts(pair.clone))

    def mirror(self, pair: Pair, username: str, password: Password) -> None:
        """Make the users of a pair equal, then set the password of one of them. See the module `mirror`.

        Raises:
            UnsafeRotationError: the superuser may not give one of them what the other has; nothing was changed.
        """
        mirror(self._connection, pair, username, password)

    def _accounts(self, username: str) -> list[Account]:
        return accounts_of(self._connection, [username])

    def _administrative_right(self, account: Account) -> str | None:
        """The account's own rights first, then with those of its roles and of the roles of these."""
        rights = rights_of(self._connection, account.sql)
        roles = sorted(right.privilege for right in rights.held if right.level == ROLE and not right.option)
        found = administrative_right(rights)
        return found if found or not roles else administrative_right(rights_of(self._connection, account.sql, roles))
