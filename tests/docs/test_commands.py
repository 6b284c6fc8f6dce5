"""Commands in the documents can be pasted: options, operations, targets and parameters exist."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import jmespath  # type: ignore[import-untyped]
import pytest
from botocore import xform_name
from botocore.session import Session

from tests.docs.markdown import DOCUMENTS, ROOT, code
from tests.docs.template import template

GLOBAL_OPTIONS = {"query", "output", "region", "profile", "endpoint-url", "no-cli-pager"}
CLI_ONLY = {
    "cloudformation deploy": {"template-file", "stack-name", "capabilities", "parameter-overrides"},
    "logs tail": {"since", "format", "filter-pattern", "follow"},
}
"""Commands of the AWS CLI that are no operation of a service, with their options."""
SAM_COMMANDS = {"build", "deploy", "validate", "local"}
TARGET = re.compile(r"\bmake (?:[A-Z]+=\S+ )?([a-z]+(?:-[a-z]+)*)\b(?! [a-z]+ sure)")


@dataclass(frozen=True)
class Command:
    """A command in a shell block."""

    where: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.where}-{'-'.join(self.words[:3])}"

    @property
    def options(self) -> set[str]:
        """The names of its long options."""
        return {word.removeprefix("--").partition("=")[0] for word in self.words if word.startswith("--")}

    @property
    def subcommands(self) -> list[str]:
        """The words that are neither an option nor, as far as can be told, the value of one."""
        words = iter(self.words[1:])
        found = []
        for word in words:
            if word.startswith("--"):
                if "=" not in word and not word.startswith("--no-"):
                    next(words, None)
            else:
                found.append(word)
        return found


def commands(program: str) -> Iterator[Command]:
    """All commands of a program in shell blocks."""
    for block in (block for document in DOCUMENTS for block in document.blocks() if block.language == "sh"):
        text = re.sub(r"\\\n|(?<!\S)#.*", " ", block.text)
        lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
        lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
        words: list[str] = []
        for token in [*lexer, "\n"]:
            if set(token) <= set("();<>|&\n"):
                if words and program in words:
                    yield Command(str(block), tuple(words[words.index(program) :]))
                words = []
            else:
                words.append(token)


def make_targets() -> set[str]:
    """The targets that `make help` shows."""
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def named_targets() -> set[str]:
    """The targets that the documents name in code."""
    blocks = (block.text for document in DOCUMENTS for block in document.blocks() if block.language == "sh")
    inline = (text for document in DOCUMENTS for line in document.prose() for text in code(line))
    return {target for text in (*blocks, *inline) for target in TARGET.findall(text)}


AWS = list(commands("aws"))
SAM = list(commands("sam"))


@pytest.mark.parametrize("command", AWS, ids=str)
def test_every_aws_command_names_an_operation_and_options_that_exist(command: Command) -> None:
    """The AWS CLI would accept the command's service, operation and option names, with all that are required."""
    service, operation = command.subcommands[:2]
    used = command.options - GLOBAL_OPTIONS
    if f"{service} {operation}" in CLI_ONLY:
        assert used <= CLI_ONLY[f"{service} {operation}"]
        return
    model = Session().get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(operations[operation]).input_shape
    assert shape is not None
    members = {xform_name(name, "-"): member for name, member in shape.members.items()}
    flags = {f"no-{name}" for name, member in members.items() if member.type_name == "boolean"}
    assert used <= members.keys() | flags
    assert {xform_name(name, "-") for name in shape.required_members} <= used


@pytest.mark.parametrize("command", SAM, ids=str)
def test_every_sam_command_exists_and_its_parameters_are_the_templates(command: Command) -> None:
    """`sam` has the command, and --parameter-overrides names parameters of the template."""
    assert command.words[1] in SAM_COMMANDS
    if "--parameter-overrides" in command.words:
        overrides = command.words[command.words.index("--parameter-overrides") + 1 :]
        assert {word.partition("=")[0] for word in overrides if "=" in word} <= template()["Parameters"].keys()


@pytest.mark.parametrize("command", [c for c in AWS if "--query" in c.words], ids=str)
def test_every_query_is_a_jmespath_expression(command: Command) -> None:
    """The AWS CLI would accept the command's --query."""
    jmespath.compile(command.words[command.words.index("--query") + 1])


def test_the_values_in_samconfig_are_parameters_of_the_template() -> None:
    """What the documents put into samconfig.toml are parameters of the template."""
    blocks = (block.text for document in DOCUMENTS for block in document.blocks() if block.language == "toml")
    stated = [name for text in blocks for line in re.findall(r'overrides = "(.*)"', text) for name in _names(line)]
    assert stated
    assert set(stated) <= template()["Parameters"].keys()


def _names(overrides: str) -> list[str]:
    return [word.partition("=")[0] for word in shlex.split(overrides)]


def test_every_make_target_is_documented_and_every_documented_one_exists() -> None:
    """The documents name the targets of the Makefile, no more and no less."""
    assert named_targets() == make_targets()


def test_the_readme_names_outputs_where_it_asks_for_them() -> None:
    """An OutputKey in a command is an output of the template."""
    asked = {key for command in AWS for word in command.words for key in re.findall(r"OutputKey=='(\w+)'", word)}
    assert asked
    assert asked <= template()["Outputs"].keys()
