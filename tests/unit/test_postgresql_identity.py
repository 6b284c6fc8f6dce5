"""Why a session of PostgreSQL acts as the wrong role: some versions ignore what settings say."""

import pytest

from secret_rotation.engines.postgresql.identity import IGNORES_ROLES, Identity

CLONE = Identity("app_clone", "app_clone", "appdb", "app", False, False, None, False)  # noqa: FBT003 - a row
TRIGGERED = Identity("app", "group", "appdb", None, None, None, None, False)  # noqa: FBT003


@pytest.mark.parametrize(
    ("version", "next_minor"),
    [(130_017, "13.18"), (140_014, "14.15"), (150_009, "15.10"), (160_005, "16.6"), (170_001, "17.2")],
)
def test_a_version_that_ignores_roles_is_the_cause(version: int, next_minor: str) -> None:
    """The message names the version and the next one, and proposes no statement."""
    told = CLONE.explain([], version)
    assert f"upgrade it to {next_minor} or a later" in told
    assert f"PostgreSQL {next_minor.partition('.')[0]}.{version % 10_000}," in told
    assert not {"GRANT", "RESET", "setSecret"} & set(told.replace(":", " ").split())


@pytest.mark.parametrize("version", [change + version for version in IGNORES_ROLES for change in (-1, 1)])
def test_the_versions_beside_them_are_not(version: int) -> None:
    """One minor version earlier or later the cause is the setting."""
    assert "upgrade" not in CLONE.explain([], version)


def test_a_login_without_a_role_setting_is_no_matter_of_the_version() -> None:
    """Where nothing sets a role, an event trigger did."""
    told = TRIGGERED.explain(["take"], 170_001)
    assert "upgrade" not in told
    assert 'ALTER EVENT TRIGGER "take" DISABLE;' in told
