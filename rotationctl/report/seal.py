"""The last line of a report: the SHA-256 of all lines above it, so that anybody can see whether it was changed."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

import click


def sealed(lines: Iterable[str], last: Callable[[str], str]) -> Iterator[str]:
    """The lines, and below them the one that has their digest, without colours: `sed '$d' FILE | sha256sum`."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{click.unstyle(line)}\n".encode(errors="surrogatepass"))
        yield line
    yield last(digest.hexdigest())
