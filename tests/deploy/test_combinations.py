"""The template under all its parameters, deployed as README says, updated and deleted."""

from itertools import combinations, product

import pytest

from tests.deploy.account import Account
from tests.deploy.combinations import ELSEWHERE, FACTORS, covering
from tests.deploy.deployment import Deployment, nothing_left
from tests.deploy.differences import EXPORTS_STAY
from tests.deploy.expectation import Template, expect


@pytest.mark.timeout(600)  # many deployments, each of which takes SAM seconds
def test_each_pair_of_values_can_be_deployed(deployment: Deployment, account: Account, template: Template) -> None:
    """A stack goes from one combination to the next: what is made, changed and removed is what the template says."""
    with nothing_left(account):
        for parameters in covering():
            deployment.deploy(parameters)
            expect(deployment, template, parameters)
        deployment.delete()
    assert any(name.startswith(deployment.name) for name in account.exports()) is EXPORTS_STAY


def test_any_two_decisions_meet_in_all_their_values() -> None:
    """No two values are never deployed together."""
    rows = covering()
    for one, other in combinations(FACTORS.values(), 2):
        for some, more in product(one, other):
            assert any((some | more).items() <= row.items() for row in rows), (some, more)


def test_every_parameter_is_in_the_combinations(template: Template) -> None:
    """Whoever adds a parameter says which values it is deployed with."""
    named = {name for settings in FACTORS.values() for setting in settings for name in setting}
    assert named | ELSEWHERE == set(template["Parameters"])
    assert not named & ELSEWHERE
