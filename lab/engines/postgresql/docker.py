"""PostgreSQL from Docker's official images. Chosen with LAB_POSTGRES=docker, never by itself.

The image's programs run on a data directory of the lab's, with the lab's configuration: its entrypoint would make the
superuser of the image instead of what RDS gives.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import IO

from lab.engines.postgresql.instance import PostgresInstance
from lab.engines.postgresql.software import IMAGES, PostgresSoftware
from lab.servers.certificates import CertificateAuthority
from lab.servers.container import ContainerProcess, Place, provide_image, run_in_container
from lab.servers.host import cache_folder, run_folders, server_user
from lab.servers.local import LOG

# The server writes its log itself, so that a line is there when its statement is answered.
ENTRYPOINT = ("sh", "-c", f'exec "$0" "$@" >>{LOG} 2>&1')


class PostgresImage(PostgresSoftware):
    """The programs of an image. They see the folders of all servers: a replica needs those of its primary."""

    @property
    def environment(self) -> dict[str, str]:
        """Return nothing: they find their libraries."""
        return {}

    @property
    def place(self) -> Place:
        folders, user = (cache_folder(), run_folders()), server_user()
        return Place(IMAGES[self.home.name], {folder: folder for folder in folders}, f"{user.uid}:{user.gid}")

    def run(self, name: str, *arguments: str | Path, stdin: str | None = None, **environment: str) -> str:
        command = [self.program(name), *arguments]
        return run_in_container(self.place, command, stdin=stdin, environment=environment)


class PostgresContainer(PostgresInstance):
    """A running PostgreSQL in a container of its own."""

    software: PostgresImage

    def __init__(self, major: int, settings: Mapping[str, object], authority: CertificateAuthority) -> None:
        version = f"docker-{provide_image(IMAGES[str(major)])}"
        super().__init__(PostgresImage(version, Path(f"/usr/lib/postgresql/{major}")), settings, authority)

    def launch(self, stdin: IO[bytes] | None) -> ContainerProcess:
        """Start the container; it reads nothing."""
        del stdin
        return ContainerProcess(
            self.software.place,
            self.command(),
            self.folder,
            self.log_path,
            environment=self.environment(),
            entrypoint=ENTRYPOINT,
        )
