"""A session of the superuser: sets the passwords of ordinary users, and keeps pairs of users equal."""

from secret_rotation.credentials import Credentials
from secret_rotation.engine import KnownPasswords, LoginAccount
from secret_rotation.engines.mysql import logins
from secret_rotation.engines.mysql.accounts import Account, accounts_of
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.mirror import ATTRIBUTES_SINCE, mirror, rehearse
from secret_rotation.engines.mysql.other_accounts import OtherAccounts, find_other_accounts
from secret_rotation.engines.mysql.pairs import knows
from secret_rotation.engines.mysql.passwords import replace_passwords
from secret_rotation.engines.mysql.privileged import refuse_privileged
from secret_rotation.engines.mysql.records import USERNAME_PREFIX, hand_over, pair_of
from secret_rotation.engines.mysql.rejections import refuse_unusable
from secret_rotation.engines.mysql.remedies import set_password
from secret_rotation.engines.mysql.session import MySQLSession
from secret_rotation.engines.mysql.sql import Sql, literal
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.pairs import Holding, Pair
from secret_rotation.password import Password


class MySQLSuperuserSession(MySQLSession):
    """A connection of the superuser, with all of its roles active."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        connection.run(Sql("SET ROLE ALL"))

    def login_accounts(self) -> list[LoginAccount]:
        """The accounts that are not locked. See SuperuserSession."""
        return logins.login_accounts(self._connection)

    def exists(self, username: str) -> bool:
        """Whether there is an account of this name, on any host."""
        return bool(self._accounts(username))

    def set_password(self, username: str, password: Password) -> None:
        """Set the password of all accounts of a user, on any host, in one statement. Both old passwords end.

        No old password is kept: a superuser resets what nobody knows any more, and a user may always change its own.

        Raises:
            UnsafeRotationError: no account of this user logs in by password.
            StatementFailedError: the server refused.
        """
        accounts = [account for account in self._accounts(username) if account.takes_password]
        if not accounts:
            raise UnsafeRotationError(
                f"There is no account {literal(username)} that logs in by password. If there is to be one, as an "
                f"administrator: {set_password(username)}"
            )
        replace_passwords(self._connection, [(account, account.plugin) for account in accounts], password)

    def other_accounts(self, username: str, own: str | None, passwords: KnownPasswords) -> OtherAccounts | None:
        """The accounts of a user on other hosts that are the secret's. See the module `other_accounts`.

        Raises:
            PermissionDeniedError: the superuser may not set their passwords.
        """
        return find_other_accounts(self._connection, username, own, passwords)

    def refuse_unusable(self, user: Credentials) -> None:
        """Stop where the login is rejected for another reason than its password. See the module `rejections`.

        Raises:
            UnsafeRotationError: it is.
        """
        refuse_unusable(self._connection, user)

    def refuse_privileged(self, username: str) -> None:
        """Stop where the user is missing, the superuser itself, or more than an ordinary user. See SuperuserSession.

        Raises:
            UnsafeRotationError: it is, or it is called like the accounts that hold the records of pairs.
        """
        if username.startswith(USERNAME_PREFIX):
            raise UnsafeRotationError(
                f"User {username} is called like the accounts that hold the records of pairs, as which nobody logs in. "
                "Correct 'username' in the secret."
            )
        refuse_privileged(self._connection, username, self._accounts(username))

    def holding(self, pair: Pair) -> Holding | None:
        """What the record of the pair says. See SuperuserSession.

        Raises:
            UnsafeRotationError: the record was written by somebody else.
        """
        if self._connection.version < ATTRIBUTES_SINCE:
            return None
        accounts, record = pair_of(self._connection, pair)
        if record is None:
            return None
        is_intact = any(knows(record, account) for account in accounts if account.user == pair.clone)
        return Holding(record.secret, is_intact)

    def hand_over(self, pair: Pair, secret: str) -> str:
        """The statement that gives a pair to another secret. See SuperuserSession."""
        return hand_over(pair.original, secret).typed()

    def mirror(self, pair: Pair, username: str, password: Password, secret: str) -> None:
        """Make the users of a pair equal, then set the password of one of them. See the module `mirror`.

        Raises:
            UnsafeRotationError: the superuser may not give one of them what the other has; nothing was changed.
        """
        mirror(self._connection, pair, username, password, secret)

    def check_mirror(self, pair: Pair, username: str, secret: str) -> None:
        """Look whether the superuser may make the changes that `mirror` would make, and make none.

        Raises:
            UnsafeRotationError: as `mirror`.
        """
        rehearse(self._connection, pair, username, secret)

    def _accounts(self, username: str) -> list[Account]:
        return accounts_of(self._connection, [username])
