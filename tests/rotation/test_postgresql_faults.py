"""Faults that PostgreSQL alone knows: transactions that are read-only unless they say otherwise."""

import pytest

from lab.engines.postgresql import POSTGRESQL
from tests.fixtures.rotation import Application
from tests.fixtures.servers import newest_database_name
from tests.rotation.faulted import heals, reach

pytestmark = [
    pytest.mark.xdist_group("own servers"),  # in one worker, so that each is started once
    pytest.mark.parametrize("own_server", [newest_database_name(POSTGRESQL)], indirect=True),
]


def test_a_server_that_is_read_only_by_default(own_application: Application) -> None:
    """A server whose transactions are read-only by default is changed all the same."""
    server, token = own_application.user.server, reach(own_application, "setSecret")
    server.reconfigure(default_transaction_read_only="ON")
    outcome = own_application.step("setSecret", token)
    server.reconfigure(default_transaction_read_only="OFF")
    assert not outcome.failed, outcome
    heals(own_application, token)
