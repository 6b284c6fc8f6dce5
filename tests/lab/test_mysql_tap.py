"""The tap in front of MySQL."""

import pytest

from lab.application_user import ApplicationUser
from lab.engines.mysql import MySQLServer
from lab.tap import Tap
from tests.lab.tapped import end_of_a_rejected_login, kill_at_the_answer, messages_of_a_session

SESSION = [
    "-> Connect", "<- Greeting", "-> SSLRequest", "-> HandshakeResponse", "<- AuthMoreData", "-> AuthResponse",
    "<- OK", "-> Query: SET NAMES ...", "<- OK", "-> Query: SELECT ...", "<- ResultSet header",
    "<- ColumnDefinition ...", "<- EOF", "<- ResultSet row ...", "<- EOF", "-> Quit",
]  # fmt: skip


@pytest.fixture
def either_engine(mysql: MySQLServer) -> MySQLServer:
    """No other engine."""
    return mysql


def test_messages_of_a_session(tap: Tap, user: ApplicationUser) -> None:
    """A login, a statement and a goodbye pass, and each of their messages is seen, by its name and in order."""
    assert messages_of_a_session(tap, user) == SESSION


def test_rejected_login(tap: Tap, user: ApplicationUser) -> None:
    """A rejected login ends with the server's error: that the client hangs up after it is no event."""
    assert end_of_a_rejected_login(tap, user) == "Error 1045"


def test_observer_kills_client(tap: Tap, user: ApplicationUser) -> None:
    """A client that the observer kills at an answer never gets it; MySQL has committed a new password by then."""
    kill_at_the_answer(tap, user)
    assert user.can_log_in(user.username, "new")
