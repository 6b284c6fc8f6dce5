"""What a run says of its progress: to nobody, where nobody hears it any more."""

import os
import sys
from typing import TextIO


def tell(text: str) -> None:
    """Print a text at once. Where that fails, all that follows goes nowhere: what was made must still be deleted."""
    _tell(sys.stdout, text)


def complain(text: str) -> None:
    """The same to stderr."""
    _tell(sys.stderr, text)


def _tell(stream: TextIO, text: str) -> None:
    """Print. A stream whose reader has gone (`| head`), or whose disk is full, leads nowhere from then on.

    Source: Python's library reference, "Note on SIGPIPE".
    """
    try:
        print(text, file=stream, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
