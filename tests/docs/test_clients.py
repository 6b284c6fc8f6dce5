"""What docs/clients.md says of pools, of the clone's sessions and of new tasks is what servers and events do."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
import yaml
from psycopg2.extensions import cursor

from lab.engines.postgresql import PostgresServer
from lab.servers import Login
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.settings import Settings
from tests.docs.markdown import code, document
from tests.docs.template import Loader
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, Application, MakeApplication

CLIENTS = document("docs/clients.md")
SENT = {code(row["Statement"])[0]: row for row in CLIENTS.table("Statement | ")}
LEAVE = "SET ROLE NONE"
LABEL_MOVED = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "Secret Label Updated",
    "source": "aws.secretsmanager",
    "account": "012345678901",
    "time": "2024-02-06T16:43:48Z",
    "region": "us-west-2",
    "resources": ["arn:aws:secretsmanager:us-west-2:012345678901:secret:mySecret-a1b2c3"],
    "detail": {
        "name": "mySecret",
        "labelUpdated": "AWSCURRENT",
        "versionId": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
    },
}
"""Source: Secrets Manager User Guide, "Secret Label Updated event"."""


@pytest.fixture
def application(postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application on each version of PostgreSQL whose clone is current."""
    application = make_application(make_user(postgres), ALTERNATING_USERS)
    assert application.rotate().succeeded
    return application


@pytest.fixture
def session(application: Application) -> Iterator[cursor]:
    """A cursor of a session of the clone."""
    login = Login(*application.credentials())
    with closing(application.user.server.connect(login, application.user.dbname)) as session:
        yield session.cursor()


def _send(session: cursor, statements: str) -> str:
    """Send statements one by one, as DISCARD ALL has to be; whom the session acts as then."""
    for statement in statements.split(";"):
        session.execute(statement)
    session.execute("SELECT current_user")
    [(name,)] = session.fetchall()
    return str(name)


@pytest.mark.parametrize("statement", sorted(SENT))
def test_what_a_pool_sends(application: Application, session: cursor, statement: str) -> None:
    """After the statement the session acts as the page says, be it fresh or one that has left the original."""
    names = {"the original": application.user.username, "the clone": application.credentials()[0]}
    row = SENT[statement]
    assert _send(session, statement) == names[row["The session then acts as"]]
    _send(session, LEAVE)
    assert _send(session, statement) == names[row["After `SET ROLE NONE` it then acts as"]]


def test_a_session_that_left_the_original_owns_what_it_creates(
    application: Application,
    session: cursor,
) -> None:
    """After SET ROLE NONE the clone still works with the original's tables, and a new object is its own."""
    username, clone = application.user.username, application.credentials()[0]
    assert _send(session, LEAVE) == clone
    assert application.user.kit.work(session.connection, username)
    session.execute(f"CREATE TEMPORARY TABLE t_{username} ()")
    session.execute("SELECT relowner::regrole::text FROM pg_class WHERE relname = %s", [f"t_{username}"])
    assert session.fetchone() == (clone,)


@pytest.mark.parametrize("rotations", [0, 1], ids=["clone current", "original current"])
def test_a_password_that_the_clones_session_changes_is_the_originals(
    application: Application,
    session: cursor,
    rotations: int,
) -> None:
    """AWSCURRENT or AWSPREVIOUS is refused, whichever is the original's; the next rotation puts it right."""
    for _ in range(rotations):
        assert application.rotate().succeeded
    session.execute("ALTER ROLE CURRENT_ROLE PASSWORD 'changed by the clone'")
    logs_in = {label: application.logs_in(label) for label in ("AWSCURRENT", "AWSPREVIOUS")}
    assert logs_in == {"AWSCURRENT": rotations == 0, "AWSPREVIOUS": rotations == 1}
    for _ in range(2):
        assert application.rotate().succeeded
        assert application.works()
    assert application.works("AWSPREVIOUS")


def test_the_characters_to_leave_out_can_be_left_out() -> None:
    """The example of EXCLUDE_CHARACTERS is a value that the functions take, and has the default's characters, too."""
    default = PostgreSQL.default_exclude_characters
    [example] = [
        text for line in CLIENTS.prose() for text in code(line) if text.startswith(default) and text != default
    ]
    policy = Settings.from_environ({"EXCLUDE_CHARACTERS": example}, default).password_policy
    assert set(example) > set(default)
    assert not set(example) & set(policy.draw().reveal())


def test_new_tasks_start_when_awscurrent_moves() -> None:
    """The rule takes AWS's example of the event for its own secret and for AWSCURRENT, and no other."""
    [template] = [block.text for block in CLIENTS.blocks() if block.language == "yaml"]
    rule = yaml.load(template, Loader)["Resources"]["SecretChanged"]["Properties"]  # noqa: S506 - a SafeLoader
    pattern = {**rule["EventPattern"], "resources": LABEL_MOVED["resources"]}
    assert rule["EventPattern"]["resources"] == [{"Ref": "SecretArn"}]
    assert _matches(pattern, LABEL_MOVED)
    assert not _matches(pattern, {**LABEL_MOVED, "detail": {"labelUpdated": "other"}})
    assert not _matches(pattern, {**LABEL_MOVED, "resources": ["arn:of:another"]})


def _matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """As EventBridge does: each field of the pattern has, or is, one of the values that it lists."""
    return all(
        _matches(wanted, event.get(key, {}))
        if isinstance(wanted, Mapping)
        else bool({*wanted} & {*(event[key] if isinstance(event[key], list) else [event[key]])})
        for key, wanted in pattern.items()
    )
