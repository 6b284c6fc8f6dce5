"""Links lead somewhere, decisions are complete, and nothing is promised that is not there."""

import ast
import re
import textwrap
import tomllib
from pathlib import Path

import hcl2
import pytest

from secret_rotation.deadline import Deadline
from tests.docs.markdown import DOCUMENTS, README, REFERENCE, ROOT, Block, Document, code, document

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
BLOCKS = [block for page in DOCUMENTS for block in page.blocks()]
PATH = re.compile(r"(?:docs|events|examples|lab|layers|functions|tests)/[\w./-]*")


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_every_relative_link_and_anchor_resolves(page: Document) -> None:
    """A link inside the repository leads to a file that exists, and to a heading that it has."""
    for target in page.links():
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (page.path.parent / path).resolve() if path else page.path
        assert found.exists(), target
        if anchor:
            assert anchor in Document(found).anchors(), target


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_every_path_in_backticks_exists(page: Document) -> None:
    """A path that a document names is in the repository."""
    for path in (text for line in page.prose() for text in code(line) if PATH.fullmatch(text)):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name)
def test_every_page_can_be_reached_from_the_readme(page: Path) -> None:
    """No page of docs/ is an island."""
    seen: set[Path] = set()
    todo = [README]
    while todo:
        current = todo.pop()
        if current.path not in seen:
            seen.add(current.path)
            targets = (current.path.parent / link.partition("#")[0] for link in current.links() if ".md" in link)
            todo += [Document(target.resolve()) for target in targets if "://" not in str(target)]
    assert page in seen


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
def test_every_decision_has_its_three_parts_and_is_in_the_index(path: Path) -> None:
    """A decision says its context, itself and its consequences, under its own number."""
    page = Document(path)
    index = document("docs/decisions/README.md")
    assert page.path.read_text().startswith(f"# {int(page.path.name[:4])}. ")
    assert {"context", "decision", "consequences"} <= page.anchors()
    assert page.path.name in index.links()


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_example_is_in_its_language(block: Block) -> None:
    """Examples in Python, TOML and HCL parse, and no block is in a language that nobody checks.

    Those in YAML are templates, which tests/template/test_lint.py reads as CloudFormation does.
    """
    text = textwrap.dedent(block.text)
    if block.language == "python":
        ast.parse(text)
    elif block.language == "toml":
        tomllib.loads(text)
    elif block.language == "hcl":
        assert hcl2.loads(f"{text}\n")
    else:
        assert block.language in ("", "json", "sh", "sql", "yaml")


def test_every_document_that_the_code_refers_to_exists() -> None:
    """A path into docs/ in a comment or a message is a file."""
    sources = (ROOT / "layers" / "secret_rotation").rglob("*.py")
    referred = {path for source in sources for path in re.findall(r"docs/[\w./-]+\.md", source.read_text())}
    assert referred
    assert not {path for path in referred if not (ROOT / path).is_file()}


def test_how_long_a_first_login_waits_is_the_codes() -> None:
    """An alarm's reader is told of the seconds that the function takes, of the 60 that the template gives it."""
    seconds = Deadline(lambda: 60.0).to_connect()
    assert f"The first login of a step waits up to {seconds:.0f} seconds" in (ROOT / "docs/operations.md").read_text()


def test_the_readme_can_be_read_in_one_sitting() -> None:
    """The README has at most 180 lines, and the way to everything else is on its first screen."""
    lines = README.path.read_text().splitlines()
    assert len(lines) <= 180
    first_screen = "\n".join(lines[:35])
    for page in ("docs/security.md", "docs/clients.md", "docs/moving-over.md", "docs/adding-an-engine.md"):
        assert page in first_screen


def test_the_reference_names_each_module_of_the_layer_below_what_imports_it() -> None:
    """The list of modules is the one to which the linter holds imports, from above downward."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [floors] = [contract["layers"] for contract in contracts if contract.get("containers") == ["secret_rotation"]]
    floor_of = {module: number for number, floor in enumerate(floors) for module in floor.split(" | ")}
    [tree] = [block.text for block in REFERENCE.blocks() if "rotation, telemetry" in block.text]
    lines = [line.strip() for line in tree.splitlines() if line.startswith("    ")]
    named = [module for line in lines for module in line.partition("  ")[0].split(", ")]
    assert sorted(named) == sorted(floor_of)
    assert [floor_of[module] for module in named] == sorted(floor_of.values())
