"""The tests of an `xdist_group` run in one worker: what must not run at once, and what is made once, counts on it."""

import pytest


@pytest.mark.xdist_group("grouped")
def test_workers_are_told_of_groups(request: pytest.FixtureRequest) -> None:
    """The name of a group is at the end of a test's id, where pytest 9.2 does not let xdist 3.8 write it."""
    if hasattr(request.config, "workerinput") and request.config.getoption("loadgroup"):
        assert request.node.nodeid.endswith("@grouped")
