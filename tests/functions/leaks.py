"""Search all that a run of the lab leaves for others to read: output, logs, processes, files."""

import json
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from lab.observation import StepReport
from lab.world import World
from tests.fixtures import shown


class LeakSearch:
    """Gathers what a world shows to others while it runs, and the secrets that it must not show."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[str, bytes] = {}
        self.secrets: dict[str, str] = {}

    def look(self, step: StepReport | None = None) -> None:
        """Look at the processes and at the secrets, as they are now; `step` is the one that has just ended."""
        self._seen |= dict(shown.of_processes())
        self.secrets |= dict(self._passwords())
        if step:
            event = self._world.cloud.rotation_event(step.secret_arn, step.step, step.token)
            self.secrets[f"RotationToken of {step.token}"] = str(event["RotationToken"])

    def forget(self) -> None:
        """Forget all processes that were seen."""
        self._seen.clear()

    def leaks(self, output: str) -> list[str]:
        """Each secret that is shown, and where."""
        logs = {f"log of {name}": "\n".join(f.log_lines).encode() for name, f in self._world.functions.items()}
        places = {"output": output.encode(), **logs, **self._seen, **dict(self._files())}
        return [
            f"{name} in the {where}"
            for where, content in places.items()
            for name, secret in self.secrets.items()
            if secret.encode() in content
        ]

    def _passwords(self) -> Iterator[tuple[str, str]]:
        client = self._world.cloud.client()
        for secret in client.list_secrets()["SecretList"]:
            name = secret["Name"]
            for version in client.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]:
                answer = client.get_secret_value(SecretId=name, VersionId=version["VersionId"])
                yield f"password of {name} {version['VersionId']}", json.loads(answer["SecretString"])["password"]
        for server in self._world.servers:
            yield f"password of {server.administrator.username}", server.administrator.password

    def _files(self) -> Iterator[tuple[str, bytes]]:
        folders = [server.log_path.parent for server in self._world.servers]
        folders += Path(tempfile.gettempdir()).glob("lambda-*")
        return chain.from_iterable(map(shown.of_folder, folders))
