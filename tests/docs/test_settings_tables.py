"""The reference's tables of settings say what the code reads and what the template offers, no more and no less."""

from collections.abc import Iterator, Mapping

import pytest

from secret_rotation.engines.mysql import MySQL
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.settings import Settings
from secret_rotation.telemetry import DEFAULT_NAMESPACE, DEFAULT_SERVICE, Telemetry
from tests.docs.markdown import REFERENCE, code
from tests.docs.template import environment_variables, template

EMPTY = "empty"
NO_DEFAULT_IN_CODE = {
    "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT", "POWERTOOLS_LOG_LEVEL", "POWERTOOLS_TRACE_DISABLED",
}  # fmt: skip
"""Read by the SDK and by Powertools themselves."""
SET_BY_THE_TEMPLATE = {"ALTERNATING_USERS_FUNCTION_ARNS", "POWERTOOLS_SERVICE_NAME", "SINGLE_USER_FUNCTION_ARNS"}
"""Made of the stack's own names, and not of a parameter."""


class Environ(Mapping[str, str]):
    """An environment without variables that remembers which ones were asked for, in whatever way."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def only(cell: str) -> str:
    """The one piece of code in a cell; the empty text where the cell says that it is empty."""
    return "" if cell in ("", EMPTY) else code(cell)[0]


def variables() -> dict[str, dict[str, str]]:
    """The rows of the table of environment variables."""
    rows = REFERENCE.table("Environment variable")
    return {name: row for row in rows for name in code(row["Environment variable"])}


def parameters() -> Iterator[tuple[str, str]]:
    """Each documented parameter with its documented default, in the order of the page."""
    for name, row in variables().items():
        if name != "POWERTOOLS_TRACE_DISABLED":
            yield from ((parameter, only(row["Default"])) for parameter in code(row["Parameter"]))
    for row in REFERENCE.table("Parameter | Default"):
        yield from ((parameter, only(row["Default"])) for parameter in code(row["Parameter"]))


def test_every_environment_variable_is_documented_and_every_documented_one_exists() -> None:
    """The table lists what settings.py and telemetry.py read and what the template sets."""
    environ = Environ()
    Settings.from_environ(environ, "")
    Telemetry("single_user", "mysql", environ)
    assert set(variables()) == environ.asked | set(environment_variables())


@pytest.mark.parametrize("name", sorted(set(variables()) - NO_DEFAULT_IN_CODE))
def test_the_documented_default_is_what_the_code_does_without_the_variable(name: str) -> None:
    """Setting a variable to its documented default changes nothing."""
    default = only(variables()[name]["Default"])
    if name == "SUPERUSER_SECRET_ARNS":
        assert default == "", "whoever sets it lists all: an empty list is one, and admits nobody"
    elif name.startswith("POWERTOOLS_"):
        assert default in (DEFAULT_SERVICE, DEFAULT_NAMESPACE)
    else:
        exclude = PostgreSQL.default_exclude_characters
        assert Settings.from_environ({name: default}, exclude) == Settings.from_environ({}, exclude)


def test_the_note_about_mysql_is_true() -> None:
    """Without EXCLUDE_CHARACTERS, MySQL excludes the same characters as PostgreSQL but the colon."""
    assert set(PostgreSQL.default_exclude_characters) - set(MySQL.default_exclude_characters) == {":"}
    assert "MySQL allows `:`" in variables()["EXCLUDE_CHARACTERS"]["Meaning"]


@pytest.mark.parametrize("name", sorted(variables()))
def test_the_parameter_beside_a_variable_is_the_one_that_sets_it(name: str) -> None:
    """Where the table names a parameter, the template hands that parameter to the functions."""
    parameters, values = code(variables()[name]["Parameter"]), environment_variables().get(name, [])
    if name == "POWERTOOLS_TRACE_DISABLED":
        assert values == [{"If": ["IsTraced", "false", "true"]}]
    elif name == "SUPERUSER_SECRET_ARNS":
        joined = [{"Join": [",", {"Ref": parameter}]} for parameter in parameters]
        assert sorted(map(str, values)) == sorted(map(str, joined))
    elif parameters:
        assert values == [{"Ref": parameter} for parameter in parameters]
    else:
        assert name in SET_BY_THE_TEMPLATE or not values


def test_every_parameter_is_documented_once_with_its_default() -> None:
    """The two tables together are the template's parameters and their defaults."""
    stated = {name: str(parameter["Default"]) for name, parameter in template()["Parameters"].items()}
    documented = list(parameters())
    assert dict(documented) == stated
    assert len(documented) == len(stated)


def test_every_output_is_documented() -> None:
    """The table of outputs is the template's outputs."""
    documented = [name for row in REFERENCE.table("Output") for name in code(row["Output"])]
    assert sorted(documented) == sorted(template()["Outputs"])
