"""The tree of errors, and how an error is told more."""

from collections.abc import Iterator

from secret_rotation import errors
from secret_rotation.errors import RotationError, SecretStoreError, VersionUnavailableError


def tree(kind: type[RotationError] = RotationError, depth: int = 0) -> Iterator[str]:
    """A class and all that derive from it, as the module's docstring writes them."""
    yield "  " * depth + kind.__name__
    for derived in kind.__subclasses__():
        if derived.__module__ == errors.__name__:
            yield from tree(derived, depth + 1)


def test_the_tree_that_is_written_is_that_of_the_classes() -> None:
    """The module's docstring has each class, below the one that it derives from."""
    lines = str(errors.__doc__).split("\n\n")[1].splitlines()
    written = [line[: len(line) - len(line.lstrip())] + line.split()[0] for line in lines]
    assert written == list(tree())


def test_an_error_that_is_told_more_stays_what_it_is() -> None:
    """The class and its attributes are the same, and the message can still be written as UTF-8."""
    error = VersionUnavailableError("It failed.", code="SomeCode", passes=True)
    told: SecretStoreError = error.told(before="Of \ud800: ", after=" Tried: nothing.")
    assert (type(told), told.code, told.passes) == (VersionUnavailableError, "SomeCode", True)
    assert str(told) == r"Of \ud800: It failed. Tried: nothing."
