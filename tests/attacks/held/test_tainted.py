"""That the search for passwords finds them wherever they are, and that no way to fail is forgotten."""

import base64
import json
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from secret_rotation import errors
from tests.attacks.held import failures
from tests.attacks.held.marks import marked_password, marks

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "the first half": lambda password: password[:16],
    "the last half": lambda password: password[16:],
    "in a JSON": lambda password: json.dumps({"password": password}),
    "in a URL": lambda password: quote(f"password={password}"),
    "repr": repr,
    "in upper hexadecimal": lambda password: password.encode().hex().upper(),
    "in lower hexadecimal": lambda password: password.encode().hex(),
    "in Base64": lambda password: base64.b64encode(password.encode()).decode(),
    "in Base64, further on": lambda password: base64.b64encode(f"p={password}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_marked_password_is_found(form: Callable[[str], str]) -> None:
    """A marked password is found among other text in every form, and the text alone is not taken for one."""
    text = "ALTER USER 'app'@'%' IDENTIFIED BY '{}' -- 5151 QQQZ UVFR 1111111111111111"
    assert marks(text.format(form(marked_password())).encode()) > 0
    assert marks(text.encode()) == 0


def test_every_error_is_among_the_failures() -> None:
    """A rotation is made to fail with each error that there is, unless it is said why not."""
    told = {**failures.OF_ANY_FUNCTION, **failures.WITH_A_SUPERUSER}.values()
    reached = {kind for error, _ in told for kind in failures.kinds(error)}
    every = set(subclasses(errors.RotationError)) - {errors.DatabaseError}
    assert every == reached | failures.HANDLED_INSIDE | failures.TESTED_WITH_REPLICAS


def subclasses(kind: type[errors.RotationError]) -> Iterator[type[errors.RotationError]]:
    """All classes below one."""
    for below in kind.__subclasses__():
        yield below
        yield from subclasses(below)
