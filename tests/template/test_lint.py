"""The template as AWS's own tools judge it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.markdown import DOCUMENTS
from tests.template.test_functions import Template

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

# Commercial, GovCloud, China: what exists in one need not exist in another.
REGIONS = ("eu-central-1", "us-gov-west-1", "cn-north-1")


def test_sam_accepts_the_template(sam_tool: Callable[..., str]) -> None:
    """`sam validate --lint` finds nothing."""
    assert "is a valid SAM Template" in sam_tool("sam", "validate", "--lint")


def test_cloudformation_would_accept_the_transformed_template(
    sam_tool: Callable[..., str], transformed_file: Path
) -> None:
    """cfn-lint finds nothing after the transform, where circular references show, in any partition."""
    assert sam_tool("cfn-lint", "--regions", *REGIONS, "--", transformed_file) == ""


def test_the_examples_are_clean(sam_tool: Callable[..., str]) -> None:
    """cfn-lint finds nothing in the examples, and in the template of a fleet's state machine."""
    assert sam_tool("cfn-lint", "--", "examples/*.yaml", "examples/consumers/*.yaml", "fleet/template.yaml") == ""


def test_the_templates_in_the_documents_are_clean(sam_tool: Callable[..., str], tmp_path: Path) -> None:
    """cfn-lint finds nothing in what the documents show as YAML."""
    shown = [block for document in DOCUMENTS for block in document.blocks() if block.language == "yaml"]
    assert shown
    for number, block in enumerate(shown):
        (tmp_path / f"{number}.yaml").write_text(block.text)
    assert sam_tool("cfn-lint", "--", f"{tmp_path}/*.yaml") == ""


def test_every_parameter_is_explained_and_grouped(template: Template) -> None:
    """Each parameter has a description, a limit on what it takes, and a place in one group of the console's form."""
    parameters = template["Parameters"]
    for name, parameter in parameters.items():
        assert parameter["Description"], name
        assert {"AllowedValues", "AllowedPattern", "MinValue", "MaxLength"} & set(parameter), name
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(parameters)
