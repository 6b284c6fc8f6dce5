"""What stays the clone's own after a rotation, and the statements with which people make it its original's."""

import logging

from secret_rotation.engines.postgresql.memberships import OwnRights
from secret_rotation.engines.postgresql.sql import as_literal, quoted
from secret_rotation.pairs import Pair

_log = logging.getLogger(__name__)


def log_what_is_left(pair: Pair, rights: OwnRights) -> None:
    """Tell what the clone owns or may do by itself, in which databases, and the statements that end that."""
    owning = [database.name for database in rights.databases if database.has_objects]
    if owning:
        _log.warning(
            "%s owns objects in %s, which its sessions do not have, because they act as %s. "
            "To hand them over, log in as %s to each of these databases: SET ROLE NONE; REASSIGN OWNED BY %s TO %s;",
            pair.clone, ", ".join(owning), pair.original, pair.clone, quoted(pair.clone), quoted(pair.original),
        )  # fmt: skip
    granted = [database.name for database in rights.databases if database.has_rights]
    if granted:
        _log.warning(
            "%s holds rights of its own in %s, which its sessions do not have, because they act as %s. This lists "
            "them, in each of these databases: SELECT pg_describe_object(classid, objid, objsubid) FROM pg_shdepend "
            "WHERE refobjid = (SELECT oid FROM pg_roles WHERE rolname = %s) AND deptype <> 'o' AND dbid IN (0, (SELECT "
            "oid FROM pg_database WHERE datname = current_database())); Grant the same to %s, then revoke it from %s.",
            pair.clone, ", ".join(granted), pair.original, as_literal(pair.clone), pair.original, pair.clone,
        )  # fmt: skip
