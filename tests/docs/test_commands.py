"""Commands in the documents can be pasted: options, operations, targets and parameters exist."""

import re
import shlex
import tomllib
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
    "configure set": set(),
}
"""Commands of the AWS CLI that are no operation of a service, with their options."""
SAM_COMMANDS = {"build", "delete", "deploy", "local", "package", "publish", "validate"}
TARGET = re.compile(r"\bmake (?:[A-Z]+=\S+ )?([a-z]+(?:-[a-z]+)*)\b(?! [a-z]+ sure)")


@dataclass(frozen=True)
class Command:
    """A command in a shell block."""

    where: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return "-".join([self.where, *self.words[:3], *self.words[3:][-1:]])

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
    assert {xform_name(name, "-") for name in shape.required_members} <= {option.removeprefix("no-") for option in used}


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


SAMCONFIG = (ROOT / "samconfig.toml").read_text()
HEAD = 'stack_name = "secret-rotation"\n'
"""The line of samconfig.toml below which the documents have people put their values."""


def samples() -> dict[str, str]:
    """samconfig.toml with each sample in its place: that of the documents, and its own, which is commented out."""
    blocks = {str(b): b.text for document in DOCUMENTS for b in document.blocks() if b.language == "toml"}
    pasted = {name: SAMCONFIG.replace(HEAD, f"{HEAD}{text}\n") for name, text in blocks.items()}
    return {**pasted, "samconfig.toml": re.sub(r"(?m)^# (\w+ = )", r"\1", SAMCONFIG)}


@pytest.mark.parametrize("name", samples())
def test_a_sample_for_samconfig_is_taken(name: str) -> None:
    """Pasted as it stands, a sample gives a file that SAM reads, with parameters that the template takes."""
    config = tomllib.loads(samples()[name])["default"]["global"]["parameters"]
    assert config.keys() == {"stack_name", "region", "parameter_overrides"}
    stated = dict(word.split("=", 1) for word in shlex.split(config["parameter_overrides"]))
    for parameter, value in stated.items():
        known = template()["Parameters"][parameter]
        values = value.split(",") if known["Type"] == "CommaDelimitedList" else [value]
        assert all(re.search(known["AllowedPattern"], one) for one in values)


def test_every_make_target_is_documented_and_every_documented_one_exists() -> None:
    """The documents name the targets that `make help` shows, no more and no less."""
    shown = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert named_targets() == set(shown)


def test_the_readme_names_outputs_where_it_asks_for_them() -> None:
    """An OutputKey in a command is an output of the template."""
    asked = {key for command in AWS for word in command.words for key in re.findall(r"OutputKey=='(\w+)'", word)}
    assert asked
    assert asked <= template()["Outputs"].keys()
