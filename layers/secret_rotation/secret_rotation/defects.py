"""Errors that nobody has foreseen, told without their text."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from secret_rotation.errors import RotationError


@contextmanager
def foreseen() -> Iterator[None]:
    """Let only errors out that are known to hold no value of a secret.

    Raises:
        RotationError: in place of every other one, which may quote a statement or a value: its class and its place.
    """
    try:
        yield
    except RotationError:
        raise
    except Exception as error:  # noqa: BLE001 - everything else is told, without its text
        frames = reversed(traceback.extract_tb(error.__traceback__))
        places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
        raise RotationError(
            f"Unexpected {type(error).__name__} at {places}. This is a defect of the function; please report it."
        ) from None
