"""The names of the doctor's checks, and findings as they travel."""

import json
import re

import pytest

import rotationctl
import secret_rotation
from secret_rotation.doctor.catalogue import CATALOGUE, CHECKS, LAYERS, Place, UnknownCheckError, named
from secret_rotation.doctor.findings import Finding, Result


def test_each_check_has_a_name_of_its_own_in_the_order_of_the_layers() -> None:
    """Names are sorted by layer, and each is one of a kind."""
    layers = [check.layer for check in CATALOGUE]

    assert layers == sorted(layers, key=LAYERS.index)
    assert tuple(dict.fromkeys(layers)) == LAYERS
    assert len(CHECKS) == len(CATALOGUE)
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", name) for name in CHECKS)


def test_a_layer_stands_for_its_checks_but_for_those_that_cost_a_login() -> None:
    """A layer does not ask for what costs a login."""
    logins = {check.name for check in named(["login"])}

    assert "login.current" in logins
    assert not any(CHECKS[name].place is Place.BY_NAME for name in logins)
    assert [check.name for check in named(["login.pending", "tls.name"])] == ["tls.name", "login.pending"]


def test_an_unknown_name_is_refused() -> None:
    """A name that is mistyped is not passed over."""
    with pytest.raises(UnknownCheckError, match=r"tls\.colour"):
        list(named(["tls.chain", "tls.colour"]))


@pytest.mark.parametrize("remedy", ["GRANT CONNECT ON DATABASE app TO app;", None])
def test_a_finding_survives_the_way(remedy: str | None) -> None:
    """What one half tells, the other one reads."""
    finding = Finding("tls.chain", Result.FAILED, "signed by nobody", remedy)

    assert Finding.from_json(json.loads(json.dumps(finding.to_json()))) == finding


NO_FINDINGS: tuple[object, ...] = (
    None,
    [],
    {"check": "a.b"},
    {"check": "a", "result": "so", "text": "", "remedy": None},
)


@pytest.mark.parametrize("document", NO_FINDINGS)
def test_what_is_no_finding_is_refused(document: object) -> None:
    """An answer of something else is not taken for one."""
    with pytest.raises(ValueError, match=r"finding|Result"):
        Finding.from_json(document)


def test_both_halves_are_of_one_version() -> None:
    """What is deployed tells the version by which rotationctl knows that it is its own."""
    assert secret_rotation.__version__ == rotationctl.__version__
