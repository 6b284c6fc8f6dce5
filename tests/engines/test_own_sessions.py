"""The sessions of a user, as it sees and ends them without any right but its own."""

import pytest

from secret_rotation.errors import DatabaseUnreachableError
from secret_rotation.password import Password
from tests.engines.conftest import Subject


@pytest.mark.parametrize("who", ["original", "clone"])
def test_a_user_sees_and_ends_its_own_sessions(subject: Subject, who: str) -> None:
    """Those of nobody else, not even of its twin; and to end one that has gone is no error."""
    password = Password("a-new-password")
    subject.mirror(subject.pair.clone, password)
    original, clone = subject.credentials(), subject.credentials(subject.pair.clone, password)
    user, twin = (original, clone) if who == "original" else (clone, original)
    with subject.session(twin) as not_ours, subject.session(user) as ours, subject.session(user) as session:
        [found] = session.other_sessions()
        assert session.end_session(found)
        with pytest.raises(DatabaseUnreachableError):
            ours.verify_account()
        assert session.other_sessions() == []
        assert session.end_session(found)
        not_ours.verify_account()
