"""All that a rotation reads of a pair before it changes anything, in one message."""

from dataclasses import dataclass

from secret_rotation.engines.postgresql.memberships import OwnRights, own_rights_of, own_rights_queries
from secret_rotation.engines.postgresql.role_settings import PairSettings, settings_of, settings_query
from secret_rotation.engines.postgresql.roles import Role, administration_query, pair_of, roles_query
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import Row
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.pairs import Pair


@dataclass(frozen=True, slots=True)
class PairState:
    """What the server knows of the two roles.

    Attributes:
        clone: None where there is none yet.
        administration: what the superuser may do to them, for `require_administration`.
        rights: what the clone has by itself.
    """

    original: Role
    clone: Role | None
    administration: list[Row]
    settings: PairSettings
    rights: OwnRights


def read_pair(session: PostgreSQLSession, pair: Pair) -> PairState:
    """Read it.

    Raises:
        UnsafeRotationError: there is no original, or the session cannot tell which roles these names are.
    """
    queries = (
        roles_query(session, pair),
        administration_query(pair.original, pair.clone),
        settings_query(pair),
        *own_rights_queries(pair),
    )
    roles, administration, settings, memberships, databases = session.ask_at_once(queries, "The queries of the pair")
    original, clone = pair_of(roles, pair)
    if original is None:
        raise UnsafeRotationError(
            f"There is no role {pair.original}, of which {pair.clone} is to be the clone. If it was renamed, give it "
            "its old name, or put the user name and password of the renamed role into the secret."
        )
    rights = own_rights_of(pair, memberships, databases)
    return PairState(original, clone, administration, settings_of(settings, pair), rights)
