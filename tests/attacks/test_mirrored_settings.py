"""Settings of the original that PostgreSQL takes are taken for the clone, whichever database the superuser is in."""

from collections.abc import Callable
from typing import Any

import pytest

from secret_rotation.errors import UnsafeRotationError
from tests.engines.conftest import Subject

MakeName = Callable[..., str]
SETTINGS = {
    "default_text_search_config": "public.of_the_application",
    "default_tablespace": "of_another_time",
    "default_table_access_method": "of_an_extension",
    "datestyle": "German, DMY",
    "application_name": "it''s a \\ b, \"c\" 100%",
    "temp_tablespaces": "",
}
"""Values that exist elsewhere, are lists without names in them, or hold what has to be quoted."""


def _settings(subject: Subject, username: str) -> list[tuple[Any, ...]]:
    return subject.user.administrate(
        "SELECT datname, setting FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS setting "  # noqa: S608
        "LEFT JOIN pg_database ON pg_database.oid = setdatabase "
        f"WHERE setrole = '{username}'::regrole AND setting NOT LIKE 'role=%' ORDER BY 1, 2"
    )


def test_what_only_the_applications_database_has_is_mirrored(subject: Subject, unique_name: MakeName) -> None:
    """Settings come out equal, for one database and for all, and the clone logs in."""
    original, clone, database = subject.pair.original, subject.pair.clone, unique_name("db")
    subject.user.as_superuser(
        f"CREATE DATABASE {database}",
        *(
            f"ALTER ROLE {original}{place} SET {name} = '{value}'"
            for name, value in SETTINGS.items()
            for place in ("", f" IN DATABASE {database}")
        ),
    )
    password = subject.mirror_clone()
    assert len(_settings(subject, original)) == 2 * len(SETTINGS)
    assert _settings(subject, clone) == _settings(subject, original)
    assert subject.works(clone, password)


def test_a_refusal_that_is_not_about_rights_does_not_say_so(subject: Subject) -> None:
    """A value that the server takes no more is called that; the error ends it with a statement that can be run."""
    original = subject.pair.original
    subject.user.as_superuser(f"ALTER ROLE {original} SET work_mem = '5MB'")
    subject.user.administrate(
        "UPDATE pg_db_role_setting SET setconfig = ARRAY['work_mem=no size'] "  # noqa: S608 - names of our own
        f"WHERE setrole = '{original}'::regrole"
    )
    with pytest.raises(UnsafeRotationError, match="does not take the value") as raised:
        subject.mirror_clone()
    assert "may not" not in str(raised.value)
    remedy = str(raised.value).partition("end it: ")[2].partition(" Nothing was changed")[0]
    subject.user.as_superuser(remedy)
    assert subject.works(subject.pair.clone, subject.mirror_clone())
