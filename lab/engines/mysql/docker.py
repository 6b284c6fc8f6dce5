"""MySQL from Docker's official images. Chosen with LAB_MYSQL=docker, never by itself.

The image's entrypoint makes the data directory, as it does for everybody. Root's first password is in the container's
environment, where Docker shows it; it is worth nothing once the server is handed over.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from lab.engines.mysql.accounts import Logins, setup_statements
from lab.engines.mysql.instance import MySQLInstance
from lab.engines.mysql.server import MySQLServer
from lab.engines.mysql.software import IMAGES
from lab.servers.certificates import CertificateAuthority
from lab.servers.container import ContainerProcess, Place, provide_image
from lab.servers.host import server_user, write_private
from lab.servers.model import Login

CONFIGURATION_IN_IMAGE = Path("/etc/my.cnf")
DATA_IN_IMAGE = Path("/var/lib/mysql")


class MySQLContainer(MySQLInstance):
    """A running MySQL in a container of its own."""

    def __init__(self, version: str, settings: Mapping[str, object], authority: CertificateAuthority) -> None:
        provide_image(IMAGES[version])
        super().__init__(settings, authority)
        self._first_root_password = secrets.token_urlsafe()
        self.data.mkdir()
        server_user().own(self.data)
        # The image's own would turn off host names and the cache of hosts, which RDS has.
        configuration = self.folder / "my.cnf"
        write_private(configuration, b"[mysqld]\n")
        volumes = {self.folder: self.folder, self.data: DATA_IN_IMAGE, configuration: CONFIGURATION_IN_IMAGE}
        self._place = Place(IMAGES[version], volumes, _user())

    def command(self) -> list[str]:
        return ["mysqld", *(f"--{name}={value}" for name, value in self.all_settings().items())]

    def environment(self) -> dict[str, str]:
        """Return what the entrypoint needs where there is no data yet."""
        return {"MYSQL_ROOT_PASSWORD": self._first_root_password}

    def write_configuration(self) -> None:
        """Let the server read its folder: its settings are in its command."""
        self.log_path.touch()
        # Where root starts it, the entrypoint becomes another user. Nothing here outlives the server.
        self.folder.chmod(0o755)
        for path in self.folder.glob("*.*"):
            path.chmod(0o666 if path == self.log_path else 0o644)

    def reload_certificate(self) -> None:
        self.write_configuration()
        super().reload_certificate()

    def launch(self, stdin: IO[bytes] | None) -> ContainerProcess:
        """Start the container; it reads nothing."""
        del stdin
        return ContainerProcess(self._place, self.command(), self.folder, self.log_path, environment=self.environment())

    def started(self) -> MySQLServer:
        """Start at a free port with the image's root, and make it the accounts that RDS has."""
        with self.stopped_on_error():
            root, logins = Login("root", self._first_root_password), self.logins
            self.logins = Logins(root, root)
            self.start_at_free_port()
            server = self.client().with_version()
            with server.administration() as cursor:
                for statement in ("DROP USER root@'%'", *setup_statements("root@localhost", server.version, logins)):
                    cursor.execute(statement)
            self.logins = logins
            return self.client().with_version()


def _user() -> str:
    """The user of the container: this one, or for root whomever the image's entrypoint becomes."""
    return "" if os.geteuid() == 0 else f"{os.geteuid()}:{os.getegid()}"
