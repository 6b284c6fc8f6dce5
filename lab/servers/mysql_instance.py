"""Start MySQL servers that are set up as RDS sets them up."""

from __future__ import annotations

import os
import signal
from typing import IO, TYPE_CHECKING

from lab.servers.certificates import default_authority
from lab.servers.host import server_user, write_private
from lab.servers.local import LocalInstance
from lab.servers.mysql_accounts import mysql_server, new_logins, setup_statements
from lab.servers.mysql_software import debian_mysql, local_mysql, mysql_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.servers.certificates import CertificateAuthority
    from lab.servers.mysql import MySQLServer
    from lab.servers.mysql_software import MySQLSoftware

# A lost lab is no loss: nothing is flushed to disk. Small, because six servers share two cores.
SETTINGS: Mapping[str, object] = {
    "bind_address": "127.0.0.1",
    "socket": "mysql.sock",
    "mysqlx": "OFF",
    "secure_file_priv": "NULL",
    "skip_log_bin": "ON",
    "max_connections": 60,
    "table_open_cache": 200,
    "table_definition_cache": 400,
    "innodb_buffer_pool_size": "32M",
    "innodb_redo_log_capacity": "8M",
    "innodb_flush_method": "nosync",
    "innodb_flush_log_at_trx_commit": 0,
    "innodb_doublewrite": "OFF",
    "innodb_log_writer_threads": "OFF",
    "general_log": "ON",  # what tests read; MySQL masks the passwords of valid statements in it
}


class MySQLInstance(LocalInstance):
    """A running MySQL of this machine."""

    engine = "mysql"
    stop_signal = signal.SIGTERM
    death_signal = signal.SIGKILL

    def __init__(
        self, software: MySQLSoftware, settings: Mapping[str, object], authority: CertificateAuthority
    ) -> None:
        super().__init__({**SETTINGS, **settings}, authority)
        self.software = software
        self.logins = new_logins()
        self._init_file: list[str] = []

    def command(self) -> list[str]:
        """Return the command line of the server."""
        defaults = f"--defaults-file={self.folder / 'my.cnf'}"
        return [*self.software.program, defaults, *self.software.locations, *self._init_file]

    def environment(self) -> dict[str, str]:
        """Return nothing: all is in the configuration."""
        return {}

    def write_configuration(self) -> None:
        """Write my.cnf."""
        places = {"datadir": self.data, "pid_file": "mysqld.pid", "general_log_file": self.log_path}
        # MySQL loads no certificate that its ssl_ca did not issue; what clients trust is another matter.
        tls = {"ssl_ca": "issuer.pem", "ssl_cert": "server.pem", "ssl_key": "server.key"}
        places |= {name: self.folder / file for name, file in tls.items()}
        settings = {"port": self.port, **places, **self.settings}
        lines = ["[mysqld]\n", *(f"{name} = {value}\n" for name, value in settings.items())]
        write_private(self.folder / "my.cnf", "".join(lines).encode())

    def is_ready(self) -> bool:
        """Tell whether the server lets its administrator in."""
        return self.client().answers()

    def apply(self, settings: Mapping[str, object]) -> None:
        """Set the global variables."""
        self.client().set_global(settings)

    def reload_certificate(self) -> None:
        """Make the server read its certificate again."""
        self.client().read_certificate()

    def client(self) -> MySQLServer:
        """Return the server as its clients see it."""
        return mysql_server(self, self.folder, self.port, self.logins)

    def start_with(self, statements: list[str]) -> None:
        """Start for the first time; the statements run before the first connection is accepted."""
        self._init_file = ["--init-file=/dev/stdin"]
        with _anonymous_file(";\n".join(statements) + ";\n") as file:
            self.start_at_free_port(stdin=file)
        self._init_file = []


def start_mysql(*, authority: CertificateAuthority | None = None, **settings: object) -> MySQLServer:
    """Start a MySQL, with further settings for its my.cnf. LAB_MYSQL says where it comes from.

    Raises:
        ProvisionError: its software could not be found or downloaded.
        ServerStartError: it did not come up.
    """
    source = mysql_source()
    if source == "docker":
        from lab.servers.mysql_docker import start_docker_mysql  # noqa: PLC0415 - slow to import, and rarely used

        return start_docker_mysql(authority or default_authority(), settings)
    software = local_mysql() if source == "local" else debian_mysql()
    instance = MySQLInstance(software, settings, authority or default_authority())
    with instance.stopped_on_error():
        instance.copy_data(software.template())
        instance.start_with(setup_statements("root@localhost", software.version, instance.logins))
        return instance.client().with_version()


def _anonymous_file(content: str) -> IO[bytes]:
    """Return a file that is on no disk and in no folder: passwords go through it."""
    file = os.fdopen(os.memfd_create("init-file"), "w+b")
    os.fchown(file.fileno(), server_user().uid, server_user().gid)
    file.write(content.encode())
    file.flush()
    return file
