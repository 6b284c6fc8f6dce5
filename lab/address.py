"""The addresses of this machine that parts of the lab listen at."""

from typing import Final

LOOPBACK: Final = "127.0.0.1"
