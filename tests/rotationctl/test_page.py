"""The documents about rotationctl are what it says of itself."""

import tomllib
from datetime import UTC, datetime

import click
import pytest

from rotationctl.app import cli
from rotationctl.connection import Connection
from rotationctl.listing import summary
from rotationctl.remedies import Adviser
from rotationctl.rows import Status, as_table, sort
from scripts.command_page import PAGE, page
from tests.docs.markdown import README, ROOT
from tests.docs.test_commands import Command, commands
from tests.rotationctl.conftest import OURS
from tests.rotationctl.metadata import secret

SHOP = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/shop-AbCdEf"
ALTERNATING = f"{OURS.rpartition(':')[0]}:secret-rotation-MysqlAlternatingUsersFunction-1a2B3c4D5e6F"
SINGLE = f"{OURS.rpartition(':')[0]}:secret-rotation-PostgresqlSingleUserFunction-1a2B3c4D5e6F"


def test_the_page_is_written_from_the_help() -> None:
    """`make commands` was run after the last change."""
    assert PAGE.read_text() == page(), "Run `make commands`."


@pytest.mark.parametrize("command", list(commands("rotationctl")), ids=str)
def test_every_command_in_the_documents_can_be_typed(command: Command) -> None:
    """The command is there, its options exist, and their values are taken."""
    _, name, *arguments = command.words
    program = click.Context(cli, **cli.context_settings)
    found = cli.get_command(program, name)
    assert found is not None
    found.make_context(name, arguments, program)


def test_the_readme_shows_what_is_printed() -> None:
    """The table in the README is one that the program prints of such secrets."""
    stuck = secret(
        ARN=SHOP,
        RotationLambdaARN=SINGLE,
        LastRotatedDate=datetime(2026, 10, 27, 3, 0, 12, tzinfo=UTC),
        LastChangedDate=datetime(2026, 11, 26, 3, 0, 8, tzinfo=UTC),
        NextRotationDate=datetime(2026, 12, 26, 3, tzinfo=UTC),
        SecretVersionsToStages={"a": ["AWSCURRENT"], "5d0a1f1e-6c1b-4e0a-9f0e-2b7c3d4e5f60": ["AWSPENDING"]},
    )
    fine = secret(
        Name="prod/stock",
        RotationLambdaARN=ALTERNATING,
        LastRotatedDate=datetime(2026, 11, 25, 3, 0, 9, tzinfo=UTC),
        LastChangedDate=datetime(2026, 11, 25, 3, 0, 9, tzinfo=UTC),
        NextRotationDate=datetime(2026, 12, 25, 3, tzinfo=UTC),
    )
    adviser = Adviser(Connection(), datetime(2026, 11, 26, 9, tzinfo=UTC))
    statuses = sort(Status.of(shown, adviser) for shown in (fine, stuck))
    printed = [click.unstyle(line) for line in as_table(statuses, None)] + [summary(statuses, "eu-central-1")]
    [block] = [block.text for block in README.blocks() if block.text.startswith("STATE")]
    assert block.splitlines() == printed


def test_the_project_needs_no_more_than_it_says() -> None:
    """What is installed beside it is click and boto3, and the Python that it wants is the oldest that is tested."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert [needed.partition(">")[0] for needed in settings["project"]["dependencies"]] == ["boto3", "click"]
    assert settings["project"]["requires-python"] == f">={settings['tool']['mypy']['python_version']}"
