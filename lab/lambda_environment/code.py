"""Where a function's code lies: built by `sam build`, or straight in the source tree."""

import platform
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
BUILD = REPOSITORY / ".aws-sam" / "host"
LAYERS = (f"DependenciesLayer{'Arm64' if platform.machine() == 'aarch64' else 'X8664'}", "SecretRotationLayer")
"""For this machine's processor."""


class FunctionCodeMissingError(Exception):
    """There is no code where the function's should be."""


@dataclass(frozen=True)
class FunctionCode:
    """A function's directory and its layers.

    Attributes:
        task_root: what Lambda mounts at /var/task.
        python_path: what Lambda's layers add to the module search path, in the layers' order.
        handler: ``module.function``.
    """

    task_root: Path
    python_path: tuple[Path, ...]
    handler: str = "app.lambda_handler"

    @classmethod
    def from_source(cls, name: str) -> "FunctionCode":
        """The function ``functions/<name>`` with the shared layer; the drivers are this Python's own.

        Raises:
            FunctionCodeMissingError: there is no such function.
        """
        return cls._checked(REPOSITORY / "functions" / name, (REPOSITORY / "layers" / "secret_rotation",))

    @classmethod
    def from_build(cls, name: str, build: Path = BUILD) -> "FunctionCode":
        """What `sam build` made of ``functions/<name>`` and of the layers, for this machine and its Python.

        Raises:
            FunctionCodeMissingError: it is not built.
        """
        logical_id = "".join(word.capitalize() for word in name.split("_")) + "Function"
        return cls._checked(build / logical_id, tuple(build / layer / "python" for layer in LAYERS))

    @classmethod
    def _checked(cls, task_root: Path, python_path: tuple[Path, ...]) -> "FunctionCode":
        missing = [str(folder) for folder in (task_root, *python_path) if not folder.is_dir()]
        if missing:
            folder = BUILD.relative_to(REPOSITORY)
            raise FunctionCodeMissingError(
                f"No code at {', '.join(missing)}. Is the function's name right? "
                f"What lies below {folder} is made by: make {folder}/template.yaml"
            )
        return cls(task_root, python_path)
