"""A server that runs on this machine: its folder, its configuration, its process."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, ClassVar

from lab.servers.certificates import Certificate, CertificateAuthority
from lab.servers.command import run_as_server_user
from lab.servers.host import new_run_folder, remove, write_private
from lab.servers.model import ServerStartError
from lab.servers.process import ServerProcess, free_port

CA_BUNDLE = "ca.pem"
CERTIFICATE = "server.pem"
ISSUER = "issuer.pem"
PRIVATE_KEY = "server.key"
LOG = "server.log"
PORT_ATTEMPTS = 5
PORT_TAKEN = "ddress already in use"


class LocalInstance(ABC):
    """One server of this machine, from its folder to its process."""

    engine: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    # What ends it at once, when its data is of no more use.
    death_signal: ClassVar[signal.Signals]

    def __init__(self, settings: Mapping[str, object], authority: CertificateAuthority) -> None:
        """Make the server's folder, with its certificates."""
        self.settings = dict(settings)
        self.port = 0
        self.folder = new_run_folder(self.engine)
        self.data = self.folder / "data"
        self.log_path = self.folder / LOG
        self.ca_bundle = self.folder / CA_BUNDLE
        self._process: ServerProcess | None = None
        write_private(self.ca_bundle, authority.bundle)
        write_certificate(self.folder, authority.issue())

    @abstractmethod
    def command(self) -> list[str]:
        """The command line of the server."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Return what the server needs in its environment."""

    @abstractmethod
    def write_configuration(self) -> None:
        """Write the server's configuration files from the settings and the port."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the server lets its administrator in."""

    @abstractmethod
    def apply(self, settings: Mapping[str, object]) -> None:
        """Make the running server use these settings."""

    @abstractmethod
    def reload_certificate(self) -> None:
        """Make the running server read its certificate again."""

    def launch(self, stdin: IO[bytes] | None) -> ServerProcess:
        """Start the server's process."""
        return ServerProcess(
            self.command(),
            self.folder,
            self.log_path,
            death_signal=self.death_signal,
            environment=self.environment(),
            stdin=stdin,
        )

    def copy_data(self, template: Path) -> None:
        run_as_server_user(["cp", "--archive", "--reflink=auto", "--sparse=always", template, self.data])

    def start_at_free_port(self, stdin: IO[bytes] | None = None) -> None:
        """Start the server for the first time.

        Raises:
            ServerStartError: it did not come up.
        """
        for attempt in range(PORT_ATTEMPTS):
            self.port = free_port()
            try:
                self._start(stdin)
            except ServerStartError as error:
                # Somebody took the port between the look and the start.
                if PORT_TAKEN not in str(error) or attempt == PORT_ATTEMPTS - 1:
                    raise
            else:
                return

    def restart(self, **settings: object) -> None:
        self.settings |= settings
        self._running.stop(self.stop_signal)
        self._start()

    def reconfigure(self, **settings: object) -> None:
        """Change settings of the running server; they also outlive a restart."""
        self.settings |= settings
        self.write_configuration()
        self.apply(settings)

    def use_certificate(self, certificate: Certificate) -> None:
        write_certificate(self.folder, certificate)
        self.reload_certificate()

    def suspend(self) -> None:
        self._running.suspend()

    def resume(self) -> None:
        self._running.resume()

    def stop(self) -> None:
        if self._process:
            self._process.stop(signal.SIGQUIT)
            self._process = None
        remove(self.folder)

    @contextmanager
    def stopped_on_error(self) -> Iterator[None]:
        """Leave nothing behind where the start fails."""
        try:
            yield
        except BaseException:
            self.stop()
            raise

    @property
    def _running(self) -> ServerProcess:
        if self._process is None:
            raise ServerStartError(f"The {self.engine} server in {self.folder} was stopped.")
        return self._process

    def _start(self, stdin: IO[bytes] | None = None) -> None:
        self.write_configuration()
        self._process = self.launch(stdin)
        self._process.wait_until(self.is_ready)


def write_certificate(folder: Path, certificate: Certificate) -> None:
    """Write what a server presents to its clients."""
    write_private(folder / CERTIFICATE, certificate.chain)
    write_private(folder / ISSUER, certificate.issuer)
    write_private(folder / PRIVATE_KEY, certificate.private_key)
