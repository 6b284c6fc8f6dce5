"""However much MySQL logs, and however a rotation fails: no password is in any file of its, or in a view."""

from collections.abc import Iterator
from typing import Any

import pytest

from lab.engines.mysql import MySQLServer, start_mysql
from tests.attacks.held.failures import assert_none_tells
from tests.attacks.held.leaks import Hindrance, Places, rotated_twice
from tests.attacks.held.planted import assert_planted_is_found
from tests.attacks.held.tainted import MakeTainted
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, MakeApplication

CHATTY: dict[str, Any] = {
    "skip_log_bin": "OFF",
    "log_bin": "binary-log",
    "server_id": 1,
    "binlog_rows_query_log_events": "ON",
    "slow_query_log": "ON",
    "slow_query_log_file": "slow.log",
    "long_query_time": 0,
    "log_slow_admin_statements": "ON",
    "log_slow_extra": "ON",
    "log_error": "error.log",
    "log_error_verbosity": 3,
    "log_output": "FILE,TABLE",
    "general_log": "ON",
    "log_raw": "OFF",
    "performance_schema_consumer_events_statements_history_long": "ON",
    "performance_schema_max_sql_text_length": 65_536,
    "max_digest_length": 65_536,
}
VIEWS = [
    "mysql.general_log",
    "mysql.slow_log",
    "information_schema.processlist",
    "performance_schema.events_statements_current",
    "performance_schema.events_statements_history",
    "performance_schema.events_statements_history_long",
    "performance_schema.events_statements_summary_by_digest",
    "performance_schema.prepared_statements_instances",
    "performance_schema.error_log",
    "performance_schema.threads",
]
SESSIONS = "performance_schema.threads"
KEEPING = {
    "mysql.general_log",
    "mysql.slow_log",
    "performance_schema.events_statements_current",
    "performance_schema.events_statements_history",
    "performance_schema.events_statements_history_long",
    "performance_schema.events_statements_summary_by_digest",
}
"""Those views that show a statement after its end, too."""
POLICY: Hindrance = (
    ("INSTALL COMPONENT 'file://component_validate_password'", "SET GLOBAL validate_password.length = 200"),
    ("UNINSTALL COMPONENT 'file://component_validate_password'",),
)
READ_ONLY: Hindrance = (
    ("SET GLOBAL super_read_only = ON",),
    ("SET GLOBAL super_read_only = OFF", "SET GLOBAL read_only = OFF"),
)


@pytest.fixture(scope="module")
def chatty() -> Iterator[MySQLServer]:
    """A server that logs all that it can."""
    with start_mysql(**CHATTY) as server:
        yield server


@pytest.fixture
def places(chatty: MySQLServer, strategy: str, make_user: MakeUser, make_application: MakeApplication) -> Places:
    """Where the passwords of an application on this server could stand, with each strategy."""
    return Places(rotated_twice(make_application(make_user(chatty), strategy)), VIEWS, SESSIONS)


def test_a_rotation_leaves_no_password(places: Places, chatty: MySQLServer) -> None:
    """All that the server logs of rotations that succeed, at its chattiest, holds no password."""
    assert places.leaks() == set()
    assert "ALTER USER" in chatty.log_path.read_text(errors="replace")


def test_failing_rotations_leave_no_password(places: Places) -> None:
    """Nor does what it logs of rotations that fail."""
    places.assert_failures_leave_none(POLICY, READ_ONLY)


def test_a_statement_that_waits_shows_no_password(places: Places) -> None:
    """While a change of a password waits, whoever may look at the sessions sees that it does, and not the password."""
    places.assert_a_wait_shows_none(b"ALTER USER")


def test_no_failure_tells_a_password(chatty: MySQLServer, strategy: str, make_tainted: MakeTainted) -> None:
    """However a function fails, what it answers, logs, sends and keeps holds no password, nor what the server keeps."""
    assert_none_tells(make_tainted(chatty, strategy, VIEWS))


def test_what_is_planted_is_found(chatty: MySQLServer, make_tainted: MakeTainted) -> None:
    """The search can fail."""
    assert_planted_is_found(make_tainted(chatty, SINGLE_USER, VIEWS), KEEPING)
