"""GitHub's workflows run what anybody can run here, and can do no more than they need."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.markdown import ROOT
from tests.docs.template import template

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
VARIABLES = set(re.findall(r"\$\(([A-Z_]+)\)", (ROOT / "Makefile").read_text()))
STEP = re.compile(r"make (?P<target>[a-z-]+)(?P<variables>(?: [A-Z_]+=\S+)*)")
PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
WRITES = {"release.yml": {"sign": {"attestations", "id-token"}}}
"""What a job may write, of the workflow that has one."""

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    """The jobs of a workflow."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["jobs"]
    return found


def steps(path: Path, key: str) -> Iterator[dict[str, Any]]:
    """The steps of all jobs that have such a key."""
    return (step for job in jobs(path).values() for step in job["steps"] if key in step)


@each_workflow
def test_every_step_is_a_target_that_exists(path: Path) -> None:
    """Whatever a workflow runs is one target of the Makefile, with variables that it takes."""
    for step in steps(path, "run"):
        typed = STEP.fullmatch(step["run"])
        assert typed, step["run"]
        assert typed["target"] in TARGETS
        assert {word.partition("=")[0] for word in typed["variables"].split()} <= VARIABLES


def test_a_merge_is_checked_as_by_hand() -> None:
    """The workflow for changes runs all that .ci/run does."""
    lines = re.findall(r"^step .*?make (.+)", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    by_hand = {word for line in lines for word in line.split() if word in TARGETS}
    assert {"lint", "build", "test"} <= by_hand
    assert by_hand <= {step["run"].split()[1] for step in steps(ROOT / ".github/workflows/check.yml", "run")}


def test_every_python_that_is_supported_runs_the_tests() -> None:
    """From the oldest that the project takes, without a hole, to the one on Lambda at least."""
    tested = jobs(ROOT / ".github/workflows/check.yml")["test"]["strategy"]["matrix"]["python"]
    minors = [int(version.removeprefix("3.")) for version in tested]
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert oldest == f">=3.{minors[0]}"
    assert minors == [*range(minors[0], minors[-1] + 1)]
    assert template()["Globals"]["Function"]["Runtime"] in {f"python{version}" for version in tested}


@each_workflow
def test_releases_are_made_with_the_runtimes_python(path: Path) -> None:
    """Without it a release has no bytecode."""
    image = template()["Globals"]["Function"]["Runtime"].replace("python", "python:")
    makers = [job for job in jobs(path).values() if any("release" in step.get("run", "") for step in job["steps"])]
    assert makers
    assert all(job["container"].startswith(f"{image}-") for job in makers)


@each_workflow
def test_actions_are_pinned(path: Path) -> None:
    """Each action is a commit, with its version beside it for those who read."""
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    assert [action for action in used if not PINNED.fullmatch(action)] == []


@each_workflow
def test_jobs_may_do_no_more_than_they_need(path: Path) -> None:
    """No token without a list, no right to write but for what signs, no token left in a checkout, no endless job."""
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    for name, job in jobs(path).items():
        writes = {scope for scope, access in job["permissions"].items() if access != "read"}
        assert writes == WRITES.get(path.name, {}).get(name, set())
        assert not writes or not [step for step in job["steps"] if "run" in step]
        assert job["timeout-minutes"] <= 60
    for step in steps(path, "uses"):
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
