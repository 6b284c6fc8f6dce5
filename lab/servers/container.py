"""A server in a container, through testcontainers: it lives and ends as a server of this machine does.

A container shares the machine's network, and sees the folders of the servers under their own paths. So a server is told
the same, listens at the same address, and knows its clients by the same addresses and ports, wherever its program comes
from. Its supervisor removes it where this process dies: testcontainers' reaper (ryuk) is not needed, nor its image.
"""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from docker.errors import DockerException
from requests import RequestException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from lab.servers.command import run
from lab.servers.host import ServerUser, server_user
from lab.servers.model import ProvisionError, ServerStartError
from lab.servers.process import STOP_TIMEOUT_SECONDS, ServerProcess, wait_for

# What the supervisor runs: it brings the container's output into the server's log, and leaves no container behind.
# Where the container ends by itself, all of it is brought; after SIGTERM nobody reads it any more.
READY = "kept"
KEEPER = f"""
trap : TERM
: >{READY}
"$0" logs --follow "$1" &
"$0" wait "$1" >/dev/null & wait $! && wait
"$0" rm --force --volumes "$1" >/dev/null 2>&1
"""
DOCKERS_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "HOME")

ENGINE_ERRORS = (DockerException, RequestException)
"""What docker-py raises: the second where the engine does not answer in time, or not at all."""

_ANSWER_SECONDS = 10.0
"""What an engine may take to say what it has; one that hangs has nothing."""

testcontainers_config.ryuk_disabled = True


@dataclass(frozen=True)
class Place:
    """Where a program runs.

    Attributes:
        image: its name, as Docker's hub has it.
        volumes: the folders of this machine that it sees, and where it sees each.
        user: "uid:gid", or "" for the image's own.
    """

    image: str
    volumes: Mapping[Path, Path]
    user: str


class ContainerProcess(ServerProcess):
    """One run of a server in a container, from start to stop."""

    def __init__(
        self,
        place: Place,
        command: Sequence[str],
        folder: Path,
        log_path: Path,
        *,
        environment: Mapping[str, str],
        entrypoint: Sequence[str] | None = None,
    ) -> None:
        """Start the command in the image, with the folder as its own; the folder goes away if this process dies.

        Raises:
            ServerStartError: it did not start.
        """
        # The server, too, writes its log: it must find it as its own.
        log_path.touch()
        server_user().own(log_path)
        ready = folder / READY
        ready.unlink(missing_ok=True)
        self._container = _started(place, command, folder, environment, entrypoint)
        try:
            super().__init__(
                ["sh", "-c", KEEPER, docker(), self._container.get_container_id()],
                folder,
                log_path,
                death_signal=signal.SIGTERM,
                environment={name: os.environ[name] for name in DOCKERS_VARIABLES if name in os.environ},
            )
            # Whoever stops a keeper before it has set its trap stops it alone.
            wait_for(ready.exists, STOP_TIMEOUT_SECONDS, lambda: f"Nobody looks after {place.image}.")
        except BaseException:
            self._container.stop()
            raise

    def user(self) -> ServerUser:
        """Whoever this process is: who may speak to Docker."""
        return ServerUser(os.geteuid(), os.getegid())

    def suspend(self) -> None:
        self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        with suppress(*ENGINE_ERRORS):  # it was not suspended
            self._container.get_wrapped_container().unpause()

    def stop(self, number: signal.Signals) -> None:
        """See `ServerProcess.stop`; the container is removed."""
        container = self._container.get_wrapped_container()
        if number is not signal.SIGQUIT:
            self.resume()
            with suppress(*ENGINE_ERRORS):  # it has ended by itself
                container.kill(number.name)
            with suppress(subprocess.TimeoutExpired):
                self._supervisor.wait(STOP_TIMEOUT_SECONDS)
        with suppress(*ENGINE_ERRORS):  # its keeper has removed it
            container.remove(force=True, v=True)
        self._container.get_docker_client().client.close()
        super().stop(signal.SIGQUIT)


def run_in_container(
    place: Place, command: Sequence[str | Path], *, stdin: str | None = None, environment: Mapping[str, str]
) -> str:
    """Run a program of an image to its end; return what it printed.

    Raises:
        ProvisionError: it failed. The message has the last lines that it wrote.
    """
    options = ["--rm", "--network=host", f"--user={place.user}", *(f"--env={name}" for name in environment)]
    options += [f"--volume={ours}:{theirs}" for ours, theirs in place.volumes.items()]
    options.append("--volume=/etc/passwd:/etc/passwd:ro")  # a program may want to know its user's name
    if stdin is not None:
        options.append("--interactive")
    program, *arguments = command
    whole = [docker(), "run", *options, f"--entrypoint={program}", full_name(place.image), *arguments]
    return run(whole, stdin=stdin, env={**os.environ, **environment})


def check_engine() -> None:
    """Ask the engine whether it is there.

    Raises:
        ProvisionError: it is not.
    """
    try:
        run([docker(), "version", "--format={{.Server.Version}}"])
    except ProvisionError as error:
        raise ProvisionError(f"No Docker engine answers here, so there are no containers: {error}") from error


def provide_image(image: str) -> str:
    """Download an image if it is not here; return what it is known by, twelve hexadecimal digits.

    Raises:
        ProvisionError: there is no engine, or no such image.
    """
    if not has_image(image):
        check_engine()
        run([docker(), "pull", "--quiet", full_name(image)])
    digest = run([docker(), "image", "inspect", "--format={{.Id}}", full_name(image)])
    return digest.strip().removeprefix("sha256:")[:12]


def has_image(image: str) -> bool:
    """Whether an image is on this machine, and an engine to run it."""
    if not shutil.which("docker"):
        return False
    inspect = [docker(), "image", "inspect", full_name(image)]
    return _asked(inspect)[0] == 0


def can_run(image: str) -> bool:
    """Whether an image is on this machine, and an engine that runs containers in this machine's own network.

    Rootless Docker, and Docker in a virtual machine or far away, give them another one.
    """
    if not has_image(image):
        return False
    asked = [docker(), "info", "--format={{.Name}} {{.SecurityOptions}}"]
    _, said = _asked(asked)
    return said.startswith(f"{socket.gethostname()} ") and "rootless" not in said


def full_name(image: str) -> str:
    """An image's name with the registry of TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX, as testcontainers takes it."""
    return f"{testcontainers_config.hub_image_name_prefix}{image}"


def docker() -> str:
    """The path of Docker's program.

    Raises:
        ProvisionError: there is none.
    """
    program = shutil.which("docker")
    if program is None:
        raise ProvisionError("There is no docker on PATH: install Docker, or take servers from another source.")
    return program


def _asked(command: Sequence[str]) -> tuple[int | None, str]:
    """The exit status of a question to the engine, None where no answer came, and what was said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout


def _started(
    place: Place,
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    entrypoint: Sequence[str] | None,
) -> DockerContainer:
    container = DockerContainer(place.image).with_command(list(command)).with_envs(**environment)
    for ours, theirs in place.volumes.items():
        container.with_volume_mapping(ours, str(theirs), "rw")
    own = {"entrypoint": list(entrypoint)} if entrypoint else {}
    container.with_kwargs(network_mode="host", user=place.user, working_dir=str(folder), **own)
    try:
        return container.start()
    except BaseException as error:
        container.stop()
        if isinstance(error, ENGINE_ERRORS):
            raise ServerStartError(f"Docker did not start {container.image}: {error}") from error
        raise
