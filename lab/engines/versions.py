"""How the environment chooses versions: "17,18" from the usual source, "docker" or "docker:17,18" from images."""

import os
from collections.abc import Sequence

from lab.servers.model import ProvisionError

DOCKER = "docker"


def image_versions(variable: str, known: Sequence[str]) -> tuple[str, ...]:
    """The versions that a variable wants from images; none where it does not want images.

    Raises:
        ProvisionError: it lists a version that is not known.
    """
    source, _, listed = os.environ.get(variable, "").partition(":")
    return listed_versions(variable, listed, known) if source == DOCKER else ()


def listed_versions(variable: str, listed: str, known: Sequence[str]) -> tuple[str, ...]:
    """The versions of a comma-separated list, in the order in which they are known; all where nothing is listed.

    Raises:
        ProvisionError: one of them is not known.
    """
    wanted = {version.strip() for version in listed.split(",")} if listed else set(known)
    if not wanted <= set(known):
        raise ProvisionError(f"{variable} is {os.environ[variable]!r}: give a list from {', '.join(known)}.")
    return tuple(version for version in known if version in wanted)
