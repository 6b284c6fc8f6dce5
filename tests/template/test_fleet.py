"""The template of the state machine: its role may do what the states call, and nothing else."""

import re
from typing import Any

import pytest
import yaml

from tests.docs.markdown import ROOT
from tests.docs.template import Loader
from tests.template.iam import as_list

NEEDED_BY_A_DISTRIBUTED_MAP = {"states:StartExecution", "states:DescribeExecution", "states:StopExecution"}
"""Source: Step Functions Developer Guide, "IAM policies for using Distributed Map states"."""
NEEDED_BY_ROTATE_SECRET = {"lambda:InvokeFunction"}
"""Source: Secrets Manager API Reference, RotateSecret, "Required permissions"."""


@pytest.fixture
def resources() -> dict[str, Any]:
    """The resources of the template."""
    loaded = yaml.load((ROOT / "fleet" / "template.yaml").read_text(), Loader)  # noqa: S506 - a SafeLoader
    return dict(loaded["Resources"])


def test_the_role_may_do_what_the_states_call(resources: dict[str, Any]) -> None:
    """No action more, none on everything, and none that reads a value."""
    definition = resources["StateMachine"]["Properties"]["DefinitionString"]["Sub"]
    called = re.findall(r"aws-sdk:(\w+):(\w)(\w+)", definition)
    actions = {f"{service}:{first.upper()}{rest}" for service, first, rest in called}
    (policy,) = resources["Role"]["Properties"]["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    granted = [action for statement in statements for action in as_list(statement["Action"])]
    assert actions == {"secretsmanager:DescribeSecret", "secretsmanager:RotateSecret"}
    assert set(granted) == actions | NEEDED_BY_A_DISTRIBUTED_MAP | NEEDED_BY_ROTATE_SECRET
    assert all(statement["Resource"]["Sub"].count("${") > 1 for statement in statements)
