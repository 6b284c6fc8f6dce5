"""A MiniStack for each worker, and stacks in it."""

import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engines import KITS
from lab.lambda_environment.emulator import MACHINES
from tests.deploy.account import Account
from tests.deploy.deployment import Deployment, nothing_left
from tests.deploy.mailbox import Mailbox
from tests.deploy.ministack import ACCOUNT, REGION, MiniStack
from tests.fixtures.servers import newest_database_name, server_called
from tests.template.conftest import sam_tool, template, transformed_file

pytest.register_assert_rewrite("tests.deploy.expectation")

__all__ = ["sam_tool", "template", "transformed_file"]

SUPERUSERS = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:superuser"


@pytest.fixture(scope="session")
def ministack() -> Iterator[MiniStack]:
    """A MiniStack with an empty account."""
    with tempfile.TemporaryDirectory(prefix="ministack-") as folder, MiniStack(Path(folder)) as running:
        yield running


@pytest.fixture(scope="session")
def account(ministack: MiniStack) -> Account:
    """Its account."""
    return Account(ministack)


@pytest.fixture
def deployment(ministack: MiniStack, account: Account) -> Deployment:
    """The stack of the template, by the name that samconfig.toml has; the test deploys and deletes it."""
    return Deployment(ministack, account, "secret-rotation")


@pytest.fixture(scope="session")
def stack(
    request: pytest.FixtureRequest, ministack: MiniStack, account: Account, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A stack with all functions, which run on this machine's processor and trust the lab's servers."""
    authorities = tmp_path_factory.mktemp("authorities") / "ca.pem"
    servers = [server_called(request.config, newest_database_name(kit)) for kit in KITS]
    authorities.write_text("".join(server.ca_bundle.read_text() for server in servers))
    deployment = Deployment(ministack, account, "everything")
    with nothing_left(account):
        deployment.deploy(
            {
                "Architecture": MACHINES[platform.machine().lower()],
                "AlternatingUsersSuperuserSecretArns": ",".join(f"{SUPERUSERS}/{kit}-??????" for kit in KITS),
                "RdsCaBundle": str(authorities),
                "NotificationEmail": "dba@example.com",
                "RotationEvents": "true",
                "VerifyDaily": "true",
            }
        )
        yield deployment
        deployment.delete()


@pytest.fixture
def mailbox(stack: Deployment, account: Account) -> Iterator[Mailbox]:
    """What the stack's topic tells, beside the mails."""
    with Mailbox(account, stack.outputs["TopicArn"]) as mailbox:
        yield mailbox
