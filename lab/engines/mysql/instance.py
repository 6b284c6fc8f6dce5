"""MySQL servers that are set up as RDS sets them up."""

import os
import signal
from collections.abc import Mapping
from typing import IO

from lab.engines.mysql.accounts import mysql_server, new_logins
from lab.engines.mysql.server import MySQLServer
from lab.engines.mysql.software import MySQLSoftware
from lab.servers.certificates import CertificateAuthority
from lab.servers.host import server_user, write_private
from lab.servers.local import CERTIFICATE, ISSUER, LOG, PRIVATE_KEY, LocalInstance

# A lost lab is no loss: nothing is flushed to disk. Small, because six servers share two cores.
SETTINGS: Mapping[str, object] = {
    "bind_address": "127.0.0.1",
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
    """A running MySQL, wherever its program comes from."""

    engine = "mysql"
    stop_signal = signal.SIGTERM
    death_signal = signal.SIGKILL

    def __init__(self, settings: Mapping[str, object], authority: CertificateAuthority) -> None:
        super().__init__({**SETTINGS, **settings}, authority)
        self.logins = new_logins()

    def all_settings(self) -> dict[str, object]:
        """The settings, with those that follow from the server's port and folder."""
        # MySQL loads no certificate that its ssl_ca did not issue; what clients trust is another matter.
        files = {"general_log_file": LOG, "ssl_ca": ISSUER, "ssl_cert": CERTIFICATE, "ssl_key": PRIVATE_KEY}
        return {"port": self.port, **{name: self.folder / file for name, file in files.items()}, **self.settings}

    def is_ready(self) -> bool:
        return self.client().answers()

    def apply(self, settings: Mapping[str, object]) -> None:
        self.client().set_global(settings)

    def reload_certificate(self) -> None:
        self.client().read_certificate()

    def client(self) -> MySQLServer:
        return mysql_server(self, self.folder, self.port, self.logins)


class LocalMySQL(MySQLInstance):
    """A running MySQL of this machine."""

    def __init__(
        self, software: MySQLSoftware, settings: Mapping[str, object], authority: CertificateAuthority
    ) -> None:
        super().__init__(settings, authority)
        self.software = software
        self._init_file: list[str] = []

    def command(self) -> list[str]:
        defaults = f"--defaults-file={self.folder / 'my.cnf'}"
        return [*self.software.program, defaults, *self.software.locations, *self._init_file]

    def environment(self) -> dict[str, str]:
        return {}  # all is in the configuration

    def write_configuration(self) -> None:
        places = {"datadir": self.data, "pid_file": "mysqld.pid", "socket": "mysql.sock"}
        settings = {**places, **self.all_settings()}
        lines = ["[mysqld]\n", *(f"{name} = {value}\n" for name, value in settings.items())]
        write_private(self.folder / "my.cnf", "".join(lines).encode())

    def start_with(self, statements: list[str]) -> None:
        """Start for the first time; the statements run before the first connection is accepted."""
        self._init_file = ["--init-file=/dev/stdin"]
        with _anonymous_file(";\n".join(statements) + ";\n") as file:
            self.start_at_free_port(stdin=file)
        self._init_file = []


def _anonymous_file(content: str) -> IO[bytes]:
    """A file that is on no disk and in no folder: passwords go through it."""
    file = os.fdopen(os.memfd_create("init-file"), "w+b")
    os.fchown(file.fileno(), server_user().uid, server_user().gid)
    file.write(content.encode())
    file.flush()
    return file
