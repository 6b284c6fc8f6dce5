"""MySQL from a container registry, through testcontainers. Chosen with LAB_MYSQL=docker, never by itself.

Its end is testcontainers' business: ryuk removes the container when this process dies.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from testcontainers.core.container import DockerContainer

from lab.servers.host import new_run_folder, remove
from lab.servers.local import CA_BUNDLE, LOG, write_certificate
from lab.servers.model import Login, ServerStartError
from lab.servers.mysql_accounts import Logins, mysql_server, new_logins, setup_statements
from lab.servers.process import START_TIMEOUT_SECONDS, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.servers.certificates import Certificate, CertificateAuthority
    from lab.servers.mysql import MySQLServer

IMAGE_VARIABLE = "LAB_MYSQL_IMAGE"
DEFAULT_IMAGE = "mysql:9.7"
INSIDE = "/lab"
SETTINGS: Mapping[str, object] = {
    "ssl-ca": f"{INSIDE}/issuer.pem",
    "ssl-cert": f"{INSIDE}/server.pem",
    "ssl-key": f"{INSIDE}/server.key",
    "general-log": "ON",
    "general-log-file": f"{INSIDE}/{LOG}",
    "skip-log-bin": "ON",
}


class DockerInstance:
    """A MySQL in a container of its own."""

    def __init__(self, settings: Mapping[str, object], authority: CertificateAuthority) -> None:
        self.folder = new_run_folder("mysql")
        self.port = free_port()
        self.logins = new_logins()
        self._root = Login("root", secrets.token_urlsafe())
        options = [f"--{name}={value}" for name, value in {**SETTINGS, **settings}.items()]
        self._container = (
            DockerContainer(os.environ.get(IMAGE_VARIABLE) or DEFAULT_IMAGE)
            .with_env("MYSQL_ROOT_PASSWORD", self._root.password)
            .with_bind_ports(3306, self.port)
            .with_volume_mapping(self.folder, INSIDE, "rw")
            .with_command(["mysqld", *options])
        )
        (self.folder / CA_BUNDLE).write_bytes(authority.bundle)
        (self.folder / LOG).touch()
        self._write_certificate(authority.issue())

    def start(self) -> MySQLServer:
        """Start the container, and make the accounts that RDS has.

        Raises:
            ServerStartError: Docker did not start it, or it does not answer.
        """
        try:
            self._container.start()
        except Exception as error:
            raise ServerStartError(f"Docker did not start {self._container.image}: {error}") from error
        root = mysql_server(self, self.folder, self.port, Logins(self._root, self._root))
        wait_for(root.answers, START_TIMEOUT_SECONDS, lambda: "The container does not answer.")
        version = root.with_version().version
        with root.administration() as cursor:
            for statement in ("DROP USER root@localhost", *setup_statements("root@'%'", version, self.logins)):
                cursor.execute(statement)
        return self.client().with_version()

    def client(self) -> MySQLServer:
        """Return the server as its clients see it."""
        return mysql_server(self, self.folder, self.port, self.logins)

    def restart(self, **settings: object) -> None:
        """Restart the container with more settings."""
        self.client().set_global(settings, scope="PERSIST_ONLY")
        self._container.get_wrapped_container().restart()
        wait_for(self.client().answers, START_TIMEOUT_SECONDS, lambda: "The container does not answer.")

    def reconfigure(self, **settings: object) -> None:
        """Change settings of the running server."""
        self.client().set_global(settings)

    def use_certificate(self, certificate: Certificate) -> None:
        """Present another certificate from now on."""
        self._write_certificate(certificate)
        self.client().read_certificate()

    def suspend(self) -> None:
        """Freeze the container."""
        self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        """Let a suspended container go on."""
        self._container.get_wrapped_container().unpause()

    def stop(self) -> None:
        """Remove the container and its folder."""
        self._container.stop()
        remove(self.folder)

    def _write_certificate(self, certificate: Certificate) -> None:
        write_certificate(self.folder, certificate)
        # The user in the container is another one. Nothing here outlives the server.
        self.folder.chmod(0o755)
        for path in self.folder.iterdir():
            path.chmod(0o666 if path.name == LOG else 0o644)


def start_docker_mysql(authority: CertificateAuthority, settings: Mapping[str, object]) -> MySQLServer:
    """Start a MySQL in a container; LAB_MYSQL_IMAGE names another image than mysql:9.7.

    Raises:
        ServerStartError: it did not come up.
    """
    instance = DockerInstance(settings, authority)
    try:
        return instance.start()
    except BaseException:
        instance.stop()
        raise
