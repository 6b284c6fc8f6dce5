"""Which rights somebody may hand on, told from SHOW GRANTS."""

import pytest

from secret_rotation.engines.mysql.rehearsal import may_hand_on
from secret_rotation.engines.mysql.rights import parse_grants

EVERYTHING = "GRANT SELECT, INSERT ON *.* TO `boss`@`%` WITH GRANT OPTION"
CASES = [
    # what somebody has, what is to be handed on, whether it may be
    (EVERYTHING, "GRANT SELECT ON `shop`.* TO `a`@`%`", True),
    (EVERYTHING, "GRANT SELECT (`x`) ON `shop`.`t` TO `a`@`%`", True),
    (EVERYTHING, "GRANT SELECT ON `shop`.* TO `a`@`%` WITH GRANT OPTION", True),
    (EVERYTHING, "GRANT DELETE ON `shop`.* TO `a`@`%`", False),
    ("GRANT SELECT ON *.* TO `boss`@`%`", "GRANT SELECT ON `shop`.* TO `a`@`%`", False),
    ("GRANT SELECT ON `shop`.* TO `boss`@`%` WITH GRANT OPTION", "GRANT SELECT ON `shop`.`t` TO `a`@`%`", True),
    ("GRANT SELECT ON `shop`.* TO `boss`@`%` WITH GRANT OPTION", "GRANT SELECT ON *.* TO `a`@`%`", False),
    ("GRANT SELECT ON `shop`.* TO `boss`@`%` WITH GRANT OPTION", "GRANT SELECT ON `shop2`.* TO `a`@`%`", False),
    ("GRANT SELECT ON `shop%`.* TO `boss`@`%` WITH GRANT OPTION", "GRANT SELECT ON `shop2`.* TO `a`@`%`", True),
    ("GRANT SELECT ON `Shop`.* TO `boss`@`%` WITH GRANT OPTION", "GRANT SELECT ON `Shop`.`T` TO `a`@`%`", True),
    (r"GRANT SELECT ON `a\_b`.* TO `boss`@`%` WITH GRANT OPTION", "GRANT SELECT ON `a_b`.`t` TO `a`@`%`", True),
    (r"GRANT SELECT ON `a\_b`.* TO `boss`@`%` WITH GRANT OPTION", "GRANT SELECT ON `axb`.`t` TO `a`@`%`", False),
    ("GRANT SELECT ON `s`.`t` TO `boss`@`%` WITH GRANT OPTION", "GRANT SELECT ON `s`.* TO `a`@`%`", False),
    ("GRANT ALL PRIVILEGES ON `s`.* TO `boss`@`%` WITH GRANT OPTION", "GRANT EVENT ON `s`.* TO `a`@`%`", True),
    (
        "GRANT ALL PRIVILEGES ON `s`.* TO `boss`@`%` WITH GRANT OPTION",
        "GRANT EXECUTE ON PROCEDURE `s`.`p` TO `a`@`%`",
        True,
    ),
    ("GRANT XA_RECOVER_ADMIN ON *.* TO `boss`@`%`", "GRANT XA_RECOVER_ADMIN ON *.* TO `a`@`%`", False),
    (
        "GRANT XA_RECOVER_ADMIN ON *.* TO `boss`@`%` WITH GRANT OPTION",
        "GRANT XA_RECOVER_ADMIN ON *.* TO `a`@`%`",
        True,
    ),
    (EVERYTHING, "GRANT XA_RECOVER_ADMIN ON *.* TO `a`@`%`", False),
    (EVERYTHING, "GRANT `r`@`%` TO `a`@`%`", False),
    ("GRANT ROLE_ADMIN ON *.* TO `boss`@`%`", "GRANT `r`@`%` TO `a`@`%`", True),
    ("GRANT `r`@`%` TO `boss`@`%` WITH ADMIN OPTION", "GRANT `r`@`%` TO `a`@`%`", True),
    (EVERYTHING, "GRANT PROXY ON `x`@`%` TO `a`@`%`", False),
    ("GRANT PROXY ON ``@`` TO `boss`@`%` WITH GRANT OPTION", "GRANT PROXY ON `x`@`%` TO `a`@`%`", True),
]


@pytest.mark.parametrize(("held", "wanted", "allowed"), CASES)
def test_what_may_be_handed_on(held: str, wanted: str, allowed: bool) -> None:
    """A right needs itself and GRANT OPTION on its own level or above; roles and dynamic privileges have their own."""
    own, rights = parse_grants([held]), parse_grants([wanted]).held
    assert all(may_hand_on(own, right) for right in rights) == allowed
