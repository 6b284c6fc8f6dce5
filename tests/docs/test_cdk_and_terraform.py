"""What docs/cdk-and-terraform.md calls by name is in the template, and neither example rotates at once."""

import ast
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import hcl2

from tests.docs.markdown import ROOT, code, document
from tests.docs.template import template

PAGE = document("docs/cdk-and-terraform.md")
OUTPUTS = {name: output for name, output in template()["Outputs"].items() if "Export" in output}
STACK = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]["global"]["parameters"]["stack_name"]
OUTPUT_IN_HCL = re.compile(r'aws_cloudformation_stack\.(\w+)\.outputs\["(\w+)"\]')


def export_of(output: str) -> str:
    """The name that an output of the stack is exported under."""
    name = OUTPUTS[output]["Export"]["Name"]["Sub"]
    return str(name).replace("${AWS::StackName}", STACK)


def blocks(language: str) -> list[str]:
    """The examples in a language."""
    found = [block.text for block in PAGE.blocks() if block.language == language]
    assert found
    return found


def terraform(kind: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All blocks of a kind, such as the resources of a type, each with its own name."""
    for text in blocks("hcl"):
        for block in hcl2.loads(f"{text}\n").get(kind, []):
            for label, content in block.get(f'"{name}"', {}).items():
                yield label.strip('"'), content


def test_the_table_names_each_function_and_its_export() -> None:
    """Each function that rotates has a row, with its output and its export."""
    rows = PAGE.table("Function | Output")
    told = {code(row["Output"])[0]: code(row["Export, for a stack called `secret-rotation`"])[0] for row in rows}
    rotating = {name for name in OUTPUTS if re.search("(SingleUser|AlternatingUsers)FunctionArn$", name)}
    assert told == {name: export_of(name) for name in rotating}


def test_the_parameters_are_the_templates() -> None:
    """Each parameter in the list is one of the template."""
    told = [code(line)[0] for line in PAGE.prose() if line.startswith("- `")]
    assert len(told) >= 3
    assert set(told) <= set(template()["Parameters"])


def test_the_cdk_imports_a_function_and_does_not_rotate_yet() -> None:
    """The example imports what the stack exports, and its schedule does not rotate when it is made."""
    calls = [node for text in blocks("python") for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    by_name = {node.func.attr: node for node in calls if isinstance(node.func, ast.Attribute)}
    exports = {export_of(name) for name in OUTPUTS if name.endswith("FunctionArn")}
    assert ast.literal_eval(by_name["import_value"].args[0]) in exports
    schedule = {keyword.arg: keyword.value for keyword in by_name["add_rotation_schedule"].keywords}
    assert ast.literal_eval(schedule["rotate_immediately_on_update"]) is False


def test_terraform_reads_an_output_and_does_not_rotate_yet() -> None:
    """The example reads what the stack puts out, and its rotation does not begin when it is made."""
    stacks = dict(terraform("data", "aws_cloudformation_stack"))
    [(_, rotation)] = terraform("resource", "aws_secretsmanager_secret_rotation")
    found = OUTPUT_IN_HCL.search(rotation["rotation_lambda_arn"])
    assert found
    assert stacks[found[1]]["name"].strip('"') == STACK
    assert found[2] in OUTPUTS
    assert rotation["rotate_immediately"] is False
