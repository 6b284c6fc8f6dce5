"""However much PostgreSQL logs, and however a rotation fails: no password is in any file of its, or in a view."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from lab.engines.postgresql import PostgresServer, start_postgres
from tests.attacks.held.failures import assert_none_tells
from tests.attacks.held.leaks import Hindrance, Places, rotated_twice
from tests.attacks.held.planted import assert_planted_is_found
from tests.attacks.held.tainted import MakeTainted
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, MakeApplication
from tests.fixtures.servers import chosen_majors

CHATTY: dict[str, Any] = {
    "shared_preload_libraries": "pg_stat_statements,auto_explain,passwordcheck",
    "log_statement": "all",
    "log_duration": "on",
    "log_min_messages": "debug2",
    "log_min_error_statement": "debug5",
    "log_error_verbosity": "verbose",
    "log_parameter_max_length": -1,
    "log_parameter_max_length_on_error": -1,
    "log_statement_stats": "on",
    "log_replication_commands": "on",
    "log_lock_waits": "on",
    "deadlock_timeout": "10ms",
    "debug_print_parse": "on",
    "debug_print_rewritten": "on",
    "debug_print_plan": "on",
    "pg_stat_statements.track": "all",
    "pg_stat_statements.track_utility": "on",
    "auto_explain.log_min_duration": 0,
    "auto_explain.log_analyze": "on",
    "auto_explain.log_verbose": "on",
    "auto_explain.log_nested_statements": "on",
    "track_activity_query_size": 100_000,
}
SESSIONS = "pg_stat_activity"
VIEWS = ["pg_stat_statements", SESSIONS, "pg_prepared_statements"]
KEEPING = {"pg_stat_statements", SESSIONS}
"""Those views that show a statement after its end, too."""
CLOSED_DATABASE: Hindrance = (
    ("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC",),
    ("GRANT CONNECT ON DATABASE postgres TO PUBLIC",),
)


@pytest.fixture(scope="module")
def chatty() -> Iterator[PostgresServer]:
    """A server that logs all that it can."""
    with start_postgres(max(chosen_majors()), **CHATTY) as server:
        server.run(server.administrator, "CREATE EXTENSION pg_stat_statements")
        yield server


@pytest.fixture
def places(chatty: PostgresServer, strategy: str, make_user: MakeUser, make_application: MakeApplication) -> Places:
    """Where the passwords of an application on this server could stand, with each strategy."""
    return Places(rotated_twice(make_application(make_user(chatty), strategy)), VIEWS, SESSIONS)


def test_a_rotation_leaves_no_password(places: Places, chatty: PostgresServer) -> None:
    """All that the server logs of rotations that succeed, at its chattiest, holds no password."""
    assert places.leaks() == set()
    assert "SCRAM-SHA-256$" in chatty.log_path.read_text(errors="replace")


def test_a_verifier_is_in_a_message_of_its_own(places: Places, chatty: PostgresServer) -> None:
    """All of a message is what pgaudit writes of each of its statements; a verifier it hides in ALTER ROLE alone."""
    assert places.leaks() == set()
    # The lab creates roles with a verifier.
    told = re.findall(r"statement: (?!CREATE ROLE)(.*SCRAM-SHA-256\$.*)", chatty.log_path.read_text(errors="replace"))
    assert told
    assert all(re.match(r'ALTER ROLE "[^"]*" PASSWORD \'SCRAM[^;]*$', statement) for statement in told), told


def test_failing_rotations_leave_no_password(places: Places) -> None:
    """Nor does what it logs of rotations that fail."""
    places.assert_failures_leave_none(CLOSED_DATABASE)


def test_a_statement_that_waits_shows_no_password(places: Places) -> None:
    """While a change of a password waits, whoever may look at the sessions sees that it does, and not the password."""
    places.assert_a_wait_shows_none(b"ALTER ROLE")


def test_no_failure_tells_a_password(chatty: PostgresServer, strategy: str, make_tainted: MakeTainted) -> None:
    """However a function fails, what it answers, logs, sends and keeps holds no password, nor what the server keeps."""
    assert_none_tells(make_tainted(chatty, strategy, VIEWS))


def test_what_is_planted_is_found(chatty: PostgresServer, make_tainted: MakeTainted) -> None:
    """The search can fail."""
    assert_planted_is_found(make_tainted(chatty, SINGLE_USER, VIEWS), KEEPING)
