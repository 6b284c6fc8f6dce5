"""What the two users of an application may do, in a form that can be compared; names of users are left out."""

import re
from collections.abc import Iterable, Mapping

from lab.application_user import ApplicationUser
from lab.engines.kit import Read
from secret_rotation.pairs import Pair

Rights = tuple[str, ...]


def rights_of(user: ApplicationUser, read: Read) -> Mapping[str, Rights]:
    """The rights of the original and of the clone; a user that does not exist has none."""
    pair = Pair.of(user.username)
    names = {"original": pair.original, "clone": pair.clone}
    return {role: _without_names(user.username, user.kit.rights(read, name)) for role, name in names.items()}


def _without_names(username: str, texts: Iterable[str]) -> Rights:
    own = re.compile(rf"{username}(_clone)?")
    return tuple(sorted(own.sub("<user>", text) for text in texts))
