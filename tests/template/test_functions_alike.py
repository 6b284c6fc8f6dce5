"""The blocks of the functions in template.yaml are written out, each whole; here they are held to be the same text."""

import json
from typing import Any

import pytest

from tests.docs.markdown import ROOT
from tests.docs.template import template

FOLDERS = sorted({folder.parent.name for folder in (ROOT / "functions").glob("*/app.py")} - {"rotation_doctor"})
"""Those that rotate."""
SETTINGS_OF_SOME = (
    "PASSWORD_ENCRYPTION",
    "PROMOTE_EARLY",
    "OLD_PASSWORD",
    "RESET_WITH_SUPERUSER",
    "USERNAME_CHARACTER_LIMIT",
)
"""Environment variables that belong to one engine or one strategy: test_functions.py says to which."""


def block(folder: str) -> dict[str, Any]:
    """All that the template has for one function, with placeholders where it says which function, and in its order."""
    name = folder.title().replace("_", "")
    title = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterLabels"][name]["default"]
    sections = ("Parameters", "Conditions", "Resources", "Outputs")
    text = json.dumps({section: {k: v for k, v in template()[section].items() if name in k} for section in sections})
    own = ((name, "Name"), (title, "Title"), (folder, "folder"), (folder.replace("_", "-"), "service"))
    strategy = name.removeprefix(folder.partition("_")[0].title())
    for specific, placeholder in (*own, (strategy, "Strategy")):
        text = text.replace(specific, f"<{placeholder}>")
    found: dict[str, Any] = json.loads(text)
    del found["Parameters"]["<Name>"]["Description"]
    variables = found["Resources"]["<Name>Function"]["Properties"]["Environment"]["Variables"]
    for setting in SETTINGS_OF_SOME:
        variables.pop(setting, None)
    return found


@pytest.mark.parametrize("folder", FOLDERS[1:])
def test_the_blocks_of_all_functions_are_alike(folder: str) -> None:
    """What is changed in one block is changed in all: only names and the settings of one engine or strategy differ."""
    alike = json.dumps(block(FOLDERS[0]), indent=1)
    assert "<Name>DurationAlarm" in alike
    assert json.dumps(block(folder), indent=1) == alike


def test_the_superuser_policies_of_both_strategies_are_alike() -> None:
    """What one strategy's functions may do with superusers' secrets, the other's may do with theirs."""
    policies = [
        json.dumps(template()["Resources"][f"{strategy}SuperuserPolicy"], indent=1)
        .replace(strategy, "<Strategy>")
        .replace(words, "<strategy>")
        for strategy, words in (("SingleUser", "single-user"), ("AlternatingUsers", "alternating-users"))
    ]
    assert policies[0] == policies[1]
