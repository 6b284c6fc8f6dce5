"""The README shows what `rotationctl check` prints."""

import click

from rotationctl.checks.layout import Layout
from rotationctl.checks.stages import Stage
from secret_rotation.doctor.catalogue import CATALOGUE, LAYERS, Place
from secret_rotation.doctor.findings import Finding, Result
from tests.docs.markdown import README

BROKEN = "login.current"
TEXT = (
    "Login at shop.abc123.eu-central-1.rds.amazonaws.com:5432 as shop_clone (with "
    "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/shop-AbCdEf (AWSCURRENT)) failed: "
    'the role may not log in. If it should: ALTER ROLE "shop_clone" LOGIN;'
)
"""What PostgreSQL's engine says of a role that was made NOLOGIN; test_rotation.py makes one."""


def _finding(name: str) -> Finding:
    layer = name.partition(".")[0]
    if name == BROKEN:
        return Finding(name, Result.FAILED, TEXT)
    if layer == "login":
        return Finding(name, Result.SKIPPED, f"It rests on {BROKEN}, which failed.")
    is_later = LAYERS.index(layer) > LAYERS.index("login")
    return Finding(name, Result.SKIPPED, "login is broken.") if is_later else Finding(name, Result.OK, "")


def test_the_readme_shows_what_is_printed() -> None:
    """The findings in the README are printed so; and how many checks there are is true."""
    checks = [check for check in CATALOGUE if check.layer == "login" and check.place is not Place.BY_NAME]
    layout = Layout(is_short=True)
    findings = [_finding(check.name) for check in CATALOGUE if check.place is not Place.BY_NAME]
    stage = layout.stage(Stage("login", checks, is_inside=True), [_finding(check.name) for check in checks])
    printed = [click.unstyle(line) for line in [*stage, *layout.rest(findings)]]
    [block] = [block.text for block in README.blocks() if block.text.startswith("login\n")]
    assert block.splitlines() == printed
    assert f"[{len(findings)} checks]" in README.path.read_text()
