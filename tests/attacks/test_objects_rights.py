"""A right on an object is moved from the clone only where the object that was read is the one that is granted."""

import logging
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from lab.engines import tapped
from lab.engines.postgresql import PostgresServer
from lab.tap import Message, Tap
from secret_rotation.deadline import Deadline
from secret_rotation.password import Password
from tests.engines.conftest import Subject
from tests.engines.holder import HOLDER

MakeName = Callable[..., str]


@dataclass
class SwappableTables:
    """An application that owns two schemas; in each the administrators keep a table `t`, and one of them is secret."""

    subject: Subject
    tap: Tap
    shown: str
    secret: str

    def rotate(self) -> Password:
        """Make the pair equal through the tap, as setSecret does; the clone's new password."""
        password, superuser = Password(secrets.token_urlsafe()), self.subject.superuser()
        through_tap = self.subject.credentials(superuser.username, superuser.password, dbname=None, port=self.tap.port)
        with self.subject.engine.connect_superuser(through_tap, Deadline.after(60)) as session:
            session.mirror(self.subject.pair, self.subject.pair.clone, password, HOLDER)
        return password

    def run(self, password: Password, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the clone, which acts as the application."""
        return self.subject.run(self.subject.pair.clone, password, *statements)

    def swap(self) -> None:
        """Give the secret table the name of the other one, as the owner of the schemas may."""
        self.subject.run(
            self.subject.pair.original,
            self.subject.password,
            f"ALTER SCHEMA {self.shown} RENAME TO {self.shown}_away",
            f"ALTER SCHEMA {self.secret} RENAME TO {self.shown}",
        )


@pytest.fixture
def tables(subject: Subject, postgres: PostgresServer, unique_name: MakeName) -> Iterator[SwappableTables]:
    """Such tables, on PostgreSQL in each of its versions, with a pair that has rotated."""
    app, database, superuser = subject.pair.original, unique_name("db"), postgres.superuser.username
    subject.user.as_superuser(f"CREATE DATABASE {database}", f"GRANT CREATE ON DATABASE {database} TO {app}")
    subject.user.dbname = database
    with tapped(postgres) as tap:
        tables = SwappableTables(subject, tap, unique_name("shown"), unique_name("hidden"))
        tables.rotate()
        for schema in (tables.shown, tables.secret):
            subject.user.administrate(
                f"CREATE SCHEMA {schema} AUTHORIZATION {app}",
                f"GRANT ALL ON SCHEMA {schema} TO {superuser}",
                f"CREATE TABLE {schema}.t AS SELECT '{schema}' AS content",
                f"ALTER TABLE {schema}.t OWNER TO {superuser}",
            )
        subject.user.as_superuser(f"GRANT SELECT ON {tables.shown}.t TO {subject.pair.clone}")
        yield tables


def test_a_table_that_the_application_has_swapped_in_is_not_granted(
    tables: SwappableTables, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a name comes to mean another table between reading and GRANT, nothing is granted, and the log says so."""
    swapped: list[Message] = []

    def swap_before_grant(message: Message) -> None:
        if "GRANT SELECT ON" in message.name and not swapped:
            swapped.append(message)
            tables.swap()

    tables.tap.observer = swap_before_grant
    with caplog.at_level(logging.WARNING):
        password = tables.rotate()
    assert swapped
    with pytest.raises(Exception, match="permission denied"):
        tables.run(password, f"TABLE {tables.shown}.t")
    assert "was undone" in caplog.text
    assert tables.subject.logs_in(password, tables.subject.pair.clone)


def test_a_right_whose_object_stays_is_moved(tables: SwappableTables) -> None:
    """Where nobody swaps anything, the right is both users' after the rotation."""
    password = tables.rotate()
    assert tables.run(password, f"TABLE {tables.shown}.t") == [(tables.shown,)]
    with pytest.raises(Exception, match="permission denied"):
        tables.run(password, f"TABLE {tables.secret}.t")


def test_a_right_that_the_original_has_already_is_taken_from_the_clone(tables: SwappableTables) -> None:
    """Revoked from the original afterwards, it is gone from both."""
    table, original = f"{tables.shown}.t", tables.subject.pair.original
    tables.subject.user.as_superuser(f"GRANT SELECT ON {table} TO {original}")
    assert tables.run(tables.rotate(), f"TABLE {table}") == [(tables.shown,)]
    tables.subject.user.as_superuser(f"REVOKE SELECT ON {table} FROM {original}")  # noqa: S608 - names of our own
    with pytest.raises(Exception, match="permission denied"):
        tables.run(tables.rotate(), f"TABLE {table}")
    with pytest.raises(Exception, match="permission denied"):
        tables.run(tables.rotate(), "SET ROLE NONE", f"TABLE {table}")


def test_what_the_application_itself_has_granted_stays_where_it_is(
    tables: SwappableTables, caplog: pytest.LogCaptureFixture
) -> None:
    """A superuser that is a member of the application hands out nothing in the application's name."""
    subject, table = tables.subject, f"{tables.shown}.of_the_application"
    original, clone = subject.pair.original, subject.pair.clone
    modern = int(subject.server.version.split(".")[0]) >= 16
    options = " WITH INHERIT TRUE, SET TRUE" * modern
    subject.user.administrate(f"GRANT {original} TO {subject.server.superuser.username}{options}")
    subject.run(
        original, subject.password, f"CREATE TABLE {table} ()", f"GRANT SELECT ON {table} TO {clone} WITH GRANT OPTION"
    )
    with caplog.at_level(logging.WARNING):
        tables.rotate()
    ((acl,),) = subject.user.administrate(f"SELECT relacl::text FROM pg_class WHERE oid = '{table}'::regclass")  # noqa: S608
    assert f"{clone}=r*/{original}" in acl
    assert f"Grant the same to {original}" in caplog.text


def test_a_right_that_cannot_be_moved_stays_whole_and_is_logged(
    tables: SwappableTables, caplog: pytest.LogCaptureFixture
) -> None:
    """A superuser that may no longer look into the schema changes nothing, and the log has the statements."""
    subject, table = tables.subject, f"{tables.shown}.t"
    original, clone = subject.pair.original, subject.pair.clone
    subject.user.as_superuser(f"GRANT SELECT ON {table} TO {clone} WITH GRANT OPTION")
    subject.user.administrate(f"REVOKE ALL ON SCHEMA {tables.shown} FROM {subject.server.superuser.username}")
    with caplog.at_level(logging.WARNING):
        password = tables.rotate()
    assert f'GRANT SELECT ON TABLE {table} TO "{original}" WITH GRANT OPTION;' in caplog.text
    assert f'REVOKE SELECT ON TABLE {table} FROM "{clone}";' in caplog.text  # noqa: S608 - SQL that is not run
    ((acl,),) = subject.user.administrate(f"SELECT relacl::text FROM pg_class WHERE oid = '{table}'::regclass")  # noqa: S608
    assert f"{clone}=r*/" in acl
    assert f"{original}=" not in acl
    assert subject.logs_in(password, clone)
