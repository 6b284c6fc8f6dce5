"""What docs/permissions.md says that rotationctl asks for is what its code asks for."""

import ast
import re

import click
from botocore import xform_name
from botocore.session import Session

from rotationctl.app import cli
from tests.docs.markdown import ROOT, code, document

ROWS = document("docs/permissions.md").table("Command | Actions")
ACTION = re.compile(r"[a-z0-9]+:[A-Z]\w+")
PREFIXES = {"stepfunctions": "states"}
"""How IAM calls a service, where boto3 calls it otherwise."""
NAMES = {"lambda:Invoke": "lambda:InvokeFunction"}
"""How IAM calls an operation, where the API calls it otherwise."""
NEEDS_NO_RIGHT = {"sts:GetCallerIdentity"}
"""Source: AWS STS API Reference, "GetCallerIdentity"."""


def _granted() -> set[str]:
    return {text for row in ROWS for text in code(row["Actions"]) if ACTION.fullmatch(text)}


def _words() -> set[str]:
    """All members that the code of rotationctl names, and all texts in it: operations of AWS are among them."""
    found = set()
    for path in (ROOT / "rotationctl").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def _asked() -> dict[str, set[str]]:
    """Each operation of AWS that the code names, with the actions that it may be: two services may call one alike.

    Operations of one word are what functions of ours are called, too: only those are meant that `NAMES` has.
    """
    words, session = _words(), Session()
    asked: dict[str, set[str]] = {}
    for service in words & set(session.get_available_services()):
        for operation in session.get_service_model(service).operation_names:
            action = f"{PREFIXES.get(service, service)}:{operation}"
            if xform_name(operation) in words and ("_" in xform_name(operation) or action in NAMES):
                asked.setdefault(xform_name(operation), set()).add(NAMES.get(action, action))
    return asked


def test_every_command_has_a_row() -> None:
    """The table is of rotationctl's commands, no more and no less."""
    commands = cli.list_commands(click.Context(cli))
    assert {text.split()[0] for row in ROWS for text in code(row["Command"])} == set(commands)


def test_what_the_code_asks_for_is_in_the_table() -> None:
    """No operation of AWS is called that no row has."""
    asked = _asked()
    assert asked
    assert not [name for name, actions in asked.items() if not actions & (_granted() | NEEDS_NO_RIGHT)]


def test_what_is_in_the_table_is_asked_for() -> None:
    """No row has an action that no code asks for."""
    assert not _granted() - set().union(*_asked().values())
