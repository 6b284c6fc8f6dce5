"""Whoever docs/permissions.md says may type a command of rotationctl has the actions that it needs."""

import pytest

from tests.docs.markdown import code
from tests.docs.test_permissions import ACTION, ROWS
from tests.template.iam import allows
from tests.template.test_functions import Template
from tests.template.test_people import RESOURCES, exported, statements

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

PENDING = {"secretsmanager:VersionStage": "AWSPENDING"}
HERE = "eu-central-1:111122223333"
MORE_RESOURCES = {
    **RESOURCES,
    "events:DescribeRule": f"arn:aws:events:{HERE}:rule/secret-rotation-RotationFailedRule-1a",
    "iam": "arn:aws:iam::111122223333:role/secret-rotation-MysqlSingleUserRole-1a",
    "kms": f"arn:aws:kms:{HERE}:key/1a",
    "rds": f"arn:aws:rds:{HERE}:db:shop",
    "sns": f"arn:aws:sns:{HERE}:secret-rotation-Topic-1a",
}
ROLES = {"Auditor": ["Auditor"], "Administrator": ["Administrator", "Auditor"]}
"""Whose policies each role has."""


def _refused(people: Template, row: dict[str, str], policies: list[str]) -> list[str]:
    """The actions of a row that policies do not allow."""
    found = [statement for policy in policies for statement in statements(people, policy)]
    actions = [text for text in code(row["Actions"]) if ACTION.fullmatch(text)]
    assert actions
    resources = [MORE_RESOURCES.get(action, MORE_RESOURCES.get(action.partition(":")[0], "*")) for action in actions]
    asked = zip(actions, resources, strict=True)
    return [action for action, resource in asked if not allows(found, action, resource, PENDING)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: code(row["Command"])[0])
def test_who_may_type_a_command_has_its_rights(people: Template, row: dict[str, str]) -> None:
    """The policies of the role that is named allow all of the row, and those of a lesser one do not."""
    assert _refused(people, row, ROLES.get(row["Who"], [])) == [] or row["Who"] == "nobody"
    if row["Who"] != "Auditor":
        assert _refused(people, row, ROLES["Auditor"])
    if row["Who"] == "nobody":
        assert _refused(people, row, ROLES["Administrator"])


def test_an_administrator_asks_the_doctor(people: Template) -> None:
    """The doctor may be invoked where the stack has one, and by nobody who only audits."""
    doctor = exported("RotationDoctor")
    assert allows(statements(people, "Administrator"), "lambda:InvokeFunction", doctor)
    assert not allows(statements(people, "Administrator", Doctor="false"), "lambda:InvokeFunction", doctor)
    assert not allows(statements(people, "Auditor"), "lambda:InvokeFunction", doctor)
