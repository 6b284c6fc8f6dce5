"""An update of a stack that is there, as `git pull && sam build && sam deploy` makes it."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.lambda_environment.code import BUILD, REPOSITORY
from secret_rotation import __version__
from tests.deploy.account import Account
from tests.deploy.deployment import Deployment, nothing_left
from tests.deploy.expectation import Template, expect
from tests.deploy.ministack import ACCOUNT, REGION
from tests.deploy.releases import (
    ReleaseMissingError,
    build_release,
    build_with_other_code,
    has_tag,
    last_release,
    shared_code,
)

CODE_SIGNING = f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0"
OLD_RELEASES = "## Unreleased\n\n## 0.3.0\n\n## 0.2.0 - 2026-01-01\n"


@pytest.fixture
def before(tmp_path: Path, sam_tool: Callable[..., str]) -> Path:
    """The template of the last release, built. Before the first release: this one's, with other code."""
    tag = last_release((REPOSITORY / "CHANGELOG.md").read_text(), __version__, has_tag)
    return build_release(tag, tmp_path, sam_tool) if tag else build_with_other_code(tmp_path)


@pytest.mark.timeout(600)  # several deployments, each of which takes SAM seconds
def test_an_update_keeps_what_secrets_name(
    before: Path, deployment: Deployment, account: Account, template: Template
) -> None:
    """From the last release to this commit, and to parameters that name what has to exist: ARNs stay, code changes."""
    with nothing_left(account), _authorities(account) as layer_arn:
        parameters = {
            "RdsCaBundle": "/opt/ca-bundle.pem",
            "CaBundleLayerArn": layer_arn,
            "CodeSigningConfigArn": CODE_SIGNING,
            "MysqlAlternatingUsers": "false",
        }
        deployment.deploy({}, before)
        outputs, code = dict(deployment.outputs), _shared_code(deployment)
        given = {one["ParameterKey"]: one["ParameterValue"] for one in deployment.describe()["Parameters"]}
        deployment.deploy(parameters)
        # What is not said anew stays as it was, whatever its default is by now.
        stays = {name: value for name, value in given.items() if name in template["Parameters"]}
        expect(deployment, template, {**stays, **parameters})
        kept = {name for name in outputs.keys() & deployment.outputs.keys() if name.endswith("Arn")}
        assert {"MysqlSingleUserFunctionArn", "MysqlSingleUserRoleArn"} <= kept
        assert {name: deployment.outputs[name] for name in kept} == {name: outputs[name] for name in kept}
        # What has not changed since the release has no new version.
        assert (_shared_code(deployment) == code) is (shared_code(before) == shared_code(BUILD / "template.yaml"))
        deployment.delete()


@contextmanager
def _authorities(account: Account) -> Iterator[str]:
    """A layer with certificate authorities, as a deployer has one; its ARN."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("ca-bundle.pem", "")
    functions = account.client("lambda")
    layer = functions.publish_layer_version(LayerName="ca", Content={"ZipFile": content.getvalue()})
    try:
        yield layer["LayerVersionArn"]
    finally:
        functions.delete_layer_version(LayerName="ca", VersionNumber=layer["Version"])


def _shared_code(deployment: Deployment) -> set[str]:
    """The versions of the layer with the code that the functions have."""
    functions = [name for name, (kind, _) in deployment.resources.items() if kind == "AWS::Lambda::Function"]
    layers = [layer["Arn"] for name in functions for layer in deployment.configuration(name)["Layers"]]
    return {arn for arn in layers if ":layer:SecretRotationLayer:" in arn}


@pytest.mark.parametrize(
    ("own_version", "tags", "release"),
    [
        ("0.4.0", {"v0.2.0", "v0.3.0"}, "v0.3.0"),
        ("0.3.0", {"v0.2.0", "v0.3.0"}, "v0.3.0"),
        ("0.3.0", {"v0.2.0"}, "v0.2.0"),  # about to be released
    ],
)
def test_the_last_release_is_the_newest_that_has_a_tag(own_version: str, tags: set[str], release: str) -> None:
    """This version's own tag may be missing."""
    assert last_release(OLD_RELEASES, own_version, tags.__contains__) == release


def test_a_clone_without_the_last_release_is_refused() -> None:
    """Rather than updating from something else, which would look the same."""
    with pytest.raises(ReleaseMissingError, match=r"no tag v0\.3\.0 is here"):
        last_release(OLD_RELEASES, "0.4.0", set().__contains__)
    assert last_release("## Unreleased\n", "0.1.0", set().__contains__) is None
