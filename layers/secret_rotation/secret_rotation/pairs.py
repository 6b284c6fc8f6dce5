"""Pairs of users that alternate, and what a database remembers of them."""

from dataclasses import dataclass

from secret_rotation.credentials import Credentials
from secret_rotation.errors import InvalidSecretError

CLONE_SUFFIX = "_clone"
"""What the second user of an alternating pair is called. Source: AWS's own rotation functions, which use the same."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two users of one principal that alternate: `app` and `app_clone`."""

    original: str

    @classmethod
    def of(cls, username: str) -> "Pair":
        """The pair that a user belongs to, whichever of the two it is."""
        return cls(username.removesuffix(CLONE_SUFFIX))

    @classmethod
    def of_secret(cls, credentials: Credentials) -> "Pair":
        """The pair that a secret's user belongs to.

        Raises:
            InvalidSecretError: its original would have no name (MySQL's anonymous user), or would be a clone itself,
                so that the rotation after the next would come to a third user.
        """
        pair = cls.of(credentials.username)
        if not pair.original or pair.original.endswith(CLONE_SUFFIX):
            raise InvalidSecretError(
                f"Key 'username' of {credentials.secret} names {credentials.username!r}, which is {CLONE_SUFFIX!r} "
                f"added to {pair.original!r}, and that can be no user with a clone. "
                f"Put the name of a user into it that does not end with {CLONE_SUFFIX!r}."
            )
        return pair

    @property
    def clone(self) -> str:
        """The name of the second user."""
        return self.original + CLONE_SUFFIX

    def other(self, username: str) -> str:
        """The user that is not this one."""
        return self.original if username == self.clone else self.clone

    def __contains__(self, username: object) -> bool:
        return username in (self.original, self.clone)


@dataclass(frozen=True, slots=True)
class Holding:
    """What the database remembers of a pair, at a place that neither of its two users can write.

    Attributes:
        secret: the name of the secret whose rotation made or adopted the pair: its ARN without the random end, so that
            a secret that is deleted and made again under the same name holds it still.
        is_intact: whether the users of these names are those that were recorded, and not others that got the names
            since, as far as the engine can tell.
    """

    secret: str
    is_intact: bool
