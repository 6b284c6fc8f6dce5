"""The Python examples of the documents run, and do what is said of them."""

import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, cast

import pytest

from lab.engines import KITS, Kit
from lab.interleavings import Deployment, Model
from lab.interleavings.processes import WHOLE
from lab.interleavings.promise import logs_in
from secret_rotation.engine import Engine
from tests.docs.markdown import DOCUMENTS, Document, document

PAGES = [
    page
    for page in DOCUMENTS
    if page.name.startswith("docs/")
    and page.name != "docs/cdk-and-terraform.md"
    and any(block.language == "python" for block in page.blocks())
]
"""Those of docs/, but for the CDK's, which needs Node. What the lab's own documents show is run in tests/lab."""
LAYER = "# layers/secret_rotation/"
Run = Callable[[Document], list[ModuleType]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, function_environment: Mapping[str, str]) -> Run:  # noqa: ARG001 - examples use it
    """Run a document's Python examples in their order, each as a module.

    One whose first line is a path in the layer can be imported, by those below it, as if it stood there.
    """

    def run(page: Document) -> list[ModuleType]:
        return list(_run(page, monkeypatch))

    return run


def _run(page: Document, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    for block in page.blocks():
        if block.language == "python":
            text = textwrap.dedent(block.text)
            place = text.partition("\n")[0].removeprefix(LAYER).removesuffix(".py").removesuffix("/__init__")
            module = ModuleType(place.replace("/", ".") if text.startswith(LAYER) else "example")
            monkeypatch.setitem(sys.modules, module.__name__, module)
            exec(compile(text, str(block), "exec"), vars(module))  # noqa: S102 - what this test is about
            yield module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_run(page: Document, run: Run) -> None:
    """Every Python example can be run as it stands, after those above it."""
    assert run(page)


def test_the_example_of_an_engine_has_all_that_the_contract_asks_for(run: Run) -> None:
    """The example has each member of the protocol, and a handler is made with it."""
    engine, function = run(document("docs/adding-an-engine.md"))[:2]
    members = {name for name in {*vars(Engine), *Engine.__annotations__} if not name.startswith("_")}
    assert members <= set(dir(engine.MariaDB))
    assert callable(function.lambda_handler)


@pytest.mark.parametrize("kit", KITS, ids=str)
def test_the_example_of_a_strategy_rotates(kit: Kit, run: Run) -> None:
    """With the example in place of a strategy, a rotation to A ends with AWSCURRENT on A, which logs in."""
    [strategy] = run(document("docs/adding-a-strategy.md"))
    shared = Model(Deployment(cast("Any", kit.engine), strategy.OwnPassword)).after(*WHOLE)
    assert shared.secret.current.version_id == "A"
    assert logs_in(shared, shared.secret.current)
