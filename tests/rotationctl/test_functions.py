"""Which function an ARN names."""

from typing import Any

import pytest

from lab.pairing import PAIRINGS
from rotationctl.functions import MAX_NAME, is_doctor_of, logical_names, recognise
from tests.docs.template import template
from tests.rotationctl.conftest import ANOTHERS

PREFIX = "arn:aws:lambda:eu-central-1:123456789012:function:"
FUNCTIONS: dict[str, Any] = {
    name: resource["Properties"]
    for name, resource in template()["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function" and name != "RotationDoctorFunction"
}
"""Those that rotate."""


def test_the_functions_are_those_of_the_template() -> None:
    """Each has the name there that it is known by, and there are as many as pairings."""
    assert logical_names().keys() == FUNCTIONS.keys()
    assert {"_".join(pairing) for pairing in logical_names().values()} == set(PAIRINGS)


@pytest.mark.parametrize("resource", FUNCTIONS)
@pytest.mark.parametrize("suffix", ["", ":live", ":7"])
def test_a_function_of_a_stack(resource: str, suffix: str) -> None:
    """CloudFormation's name tells the function and its log group, with and without a version or an alias."""
    found = recognise(f"{PREFIX}my-stack-{resource}-1a2B3c4D5e6F{suffix}")
    assert found is not None
    assert (found.engine, found.strategy) == logical_names()[resource]
    service = FUNCTIONS[resource]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    assert found.log_group == f"/aws/lambda/my-stack/{service}"


@pytest.mark.parametrize("resource", FUNCTIONS)
def test_a_name_that_was_cut(resource: str) -> None:
    """A long stack's name is cut, and the resource's too: the function is still known, its log group is not."""
    for length in range(12, len(resource)):
        found = recognise(f"{PREFIX}{'a-long-stack'}-{resource[:length]}-1a2B3c4D5e6F")
        assert found is not None
        assert (found.engine, found.strategy, found.log_group) == (*logical_names()[resource], None)


@pytest.mark.parametrize("pairing", PAIRINGS.values(), ids=str)
def test_a_function_that_was_deployed_by_hand(pairing: Any) -> None:  # noqa: ANN401 - a pairing of the lab
    """It may be called after its pairing, with something before."""
    name = pairing.function.replace("_", "-")
    for whole in (name, f"acme-{name}"):
        found = recognise(PREFIX + whole)
        assert found is not None
        assert f"{found.engine}_{found.strategy}" == pairing.function
        assert found.log_group == f"/aws/lambda/{whole}"


@pytest.mark.parametrize(
    "arn",
    [ANOTHERS, f"{PREFIX}rotate", f"{PREFIX}s-MysqlS-1", f"{PREFIX}s-MysqlSingleUserFunctionOfMine-1", "rotate", ""],
)
def test_another_function(arn: str) -> None:
    """Whatever is called otherwise is somebody else's."""
    assert recognise(arn) is None


@pytest.mark.parametrize(
    ("other", "is_it"),
    [
        ("my-stack-RotationDoctorFunction-9z8Y7x6W5v4U", True),
        ("my-stack-2-RotationDoctorFunction-9z8Y7x6W5v4U", False),
        ("my-RotationDoctorFunction-9z8Y7x6W5v4U", False),
        ("my-stack-RotationDoer-9z8Y7x6W5v4U", False),
        ("my-stack-MysqlSingleUserFunction-9z8Y7x6W5v4U", False),
        ("rotation-doctor", False),
    ],
)
def test_the_doctor_of_a_stack(other: str, is_it: bool) -> None:
    """It has the same stack in its name."""
    assert is_doctor_of("my-stack-MysqlSingleUserFunction-1a2B3c4D5e6F", other) is is_it


def test_the_doctor_of_a_stack_with_a_long_name() -> None:
    """Where a name is cut, the stack's part of it is shorter than in the other."""
    stack = "a-stack-with-a-long-name-for-all"
    cut = f"{stack[:25]}-PostgresqlAlternatingUsers-4AbCdEfGhIjK"[:MAX_NAME]
    assert len(cut) == MAX_NAME
    assert is_doctor_of(cut, f"{stack}-RotationDoctor-4AbC")
    assert not is_doctor_of(cut, "another-stack-RotationDoctor-4AbC")


@pytest.mark.parametrize("before", ["", "prod-"])
def test_the_doctor_beside_functions_that_are_called_after_their_pairing(before: str) -> None:
    """It is called so, too, and has the same words before."""
    assert is_doctor_of(f"{before}mysql-single-user", f"{before}rotation-doctor")
    assert not is_doctor_of(f"{before}mysql-single-user", "other-rotation-doctor")
    assert not is_doctor_of(f"{before}mysql-single-user", "prod-RotationDoctorFunction-4AbC")
