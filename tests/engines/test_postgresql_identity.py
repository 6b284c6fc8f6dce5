"""A login of PostgreSQL that succeeds can still act as the wrong user: testSecret notices."""

from collections.abc import Callable

import pytest

from secret_rotation.errors import UnsafeRotationError
from secret_rotation.model import Password
from tests.engines.conftest import Subject


def _verify_clone(subject: Subject, password: Password) -> None:
    with subject.session(subject.credentials(subject.pair.clone, password)) as session:
        session.verify_identity()


def test_a_role_taken_at_login_is_the_right_identity(postgres_subject: Subject) -> None:
    """A clone that acts as its original is who it must be."""
    _verify_clone(postgres_subject, postgres_subject.mirror_clone())


@pytest.mark.parametrize("place", ["", " IN DATABASE postgres"])
def test_a_revoked_membership_is_noticed(postgres_subject: Subject, place: str) -> None:
    """Where the clone may no longer become its original, login only warns; the error names the GRANT that mends it."""
    subject, (original, clone) = postgres_subject, (postgres_subject.pair.original, postgres_subject.pair.clone)
    password = subject.mirror_clone()
    subject.user.as_superuser(f"ALTER ROLE {clone}{place} SET role = {original}", f"REVOKE {original} FROM {clone}")
    with pytest.raises(UnsafeRotationError, match=f'GRANT "{original}" TO "{clone}"'):
        _verify_clone(subject, password)


def test_a_renamed_original_is_noticed(postgres_subject: Subject) -> None:
    """Where the original was renamed, the clone's setting leads nowhere, and the error names the role that is gone."""
    subject, original = postgres_subject, postgres_subject.pair.original
    password = subject.mirror_clone()
    subject.user.as_superuser(f"ALTER ROLE {original} RENAME TO {original}_new")
    with pytest.raises(UnsafeRotationError, match=original):
        _verify_clone(subject, password)


def test_a_membership_without_set_is_noticed(postgres_subject: Subject) -> None:
    """From PostgreSQL 16 on SET FALSE keeps a member from becoming the role, and the error asks for SET TRUE."""
    subject, (original, clone) = postgres_subject, (postgres_subject.pair.original, postgres_subject.pair.clone)
    password = subject.mirror_clone()
    if int(subject.server.version.split(".")[0]) < 16:
        _verify_clone(subject, password)
        return
    subject.user.as_superuser(f"GRANT {original} TO {clone} WITH SET FALSE")
    with pytest.raises(UnsafeRotationError, match="SET TRUE"):
        _verify_clone(subject, password)


def test_a_role_set_to_none_is_no_role(postgres_subject: Subject, unique_name: Callable[..., str]) -> None:
    """A setting that keeps the user from a role of the whole database means that it acts as itself."""
    subject, group = postgres_subject, unique_name("group")
    subject.user.as_superuser(f"ALTER ROLE {subject.pair.original} SET role = none", f"CREATE ROLE {group}")
    with subject.session(subject.credentials()) as session:
        session.verify_identity()
