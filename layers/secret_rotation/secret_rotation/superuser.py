"""The superuser at work for a secret: what must be known before it acts, and its login."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Self

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import Engine, SuperuserSession
from secret_rotation.errors import LoginRejectedError, SuperuserRejectedError, UnsafeRotationError
from secret_rotation.pairs import Holding, Pair


@dataclass(frozen=True, slots=True)
class Superuser:
    """The superuser that a secret names, ready to act for that secret.

    Attributes:
        acts_for: the name of the secret that names it. See `Holding`.
        credentials: its own user name and password, at the address where it acts.
    """

    acts_for: str
    credentials: Credentials
    engine: Engine
    deadline: Deadline

    def trusts(self, user: Credentials) -> bool:
        """Whether a login with these credentials proves anything.

        Without TLS, whoever can answer for the host can accept any password, while the superuser's own connection would
        reach the real server. Where that one has no TLS either, the deployer trusts the network.
        """
        return user.tls or not self.credentials.tls

    def require_proof(self, user: Credentials) -> None:
        """Stop where a login with these credentials would prove nothing.

        Raises:
            UnsafeRotationError: they say `"ssl": false`, and those of the superuser do not.
        """
        if not self.trusts(user):
            raise UnsafeRotationError(
                f'{user.secret} says "ssl": false, and the secret of its superuser does not. '
                "A login without TLS proves to nobody that it was the database that accepted the password, so the "
                "superuser does nothing for it. "
                'Remove "ssl": false from the secret, then rotate again.'
            )

    def require_holder(self, session: SuperuserSession, pair: Pair) -> Holding | None:
        """Stop where a pair is on record as another secret's: each of the two would lock the other one's users out.

        Returns:
            What is on record of the pair, or None where nothing is.

        Raises:
            UnsafeRotationError: it belongs to another secret; the message names it and says how to hand the pair over.
        """
        holding = session.holding(pair)
        if holding is not None and holding.secret != self.acts_for:
            raise UnsafeRotationError(
                f"{held_by_another(pair, holding, self.acts_for)} "
                f"as an administrator, run {session.hand_over(pair, self.acts_for)}; then rotate again."
            )
        return holding

    def in_database_of(self, user: Credentials) -> Self:
        """The same superuser, who logs in to the database of this user instead of its own."""
        return replace(self, credentials=replace(self.credentials, dbname=user.dbname))

    @contextmanager
    def log_in(self) -> Iterator[SuperuserSession]:
        """Log in as the superuser.

        Raises:
            SuperuserRejectedError: the password in the superuser's own secret is not the superuser's.
            DatabaseError: as `Engine.connect_superuser`.
        """
        with ExitStack() as stack:
            try:
                session = stack.enter_context(self.engine.connect_superuser(self.credentials, self.deadline))
            except LoginRejectedError as error:
                raise SuperuserRejectedError(
                    f"The database rejected the superuser {self.credentials.username} with the password in "
                    f"{self.credentials.secret}. "
                    "If that secret is being rotated right now, the next attempt succeeds; "
                    f"else put the right password into it. {error}"
                ) from None
            yield session


def held_by_another(pair: Pair, holding: Holding, secret: str) -> str:
    """That a pair is on record as another secret's, in a text that the statement which hands it over follows."""
    return (
        f"The users {pair.original} and {pair.clone} belong to another secret, {holding.secret}, whose rotations made "
        f"or adopted them; {secret} must not rotate them too. Use that secret, or another user for this one. "
        "Only if that secret is gone, or is not to be rotated any more, hand the pair over:"
    )
