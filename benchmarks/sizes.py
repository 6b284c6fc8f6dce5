"""The size of each layer, unzipped, as Lambda counts it."""

from pathlib import Path

from benchmarks.processes import MEGABYTE
from lab.lambda_environment.code import BUILD, LAYERS


def layer_sizes(build: Path = BUILD) -> dict[str, float]:
    """Megabytes (of 1,000,000 bytes) by layer."""
    return {layer: round(_bytes(build / layer) / MEGABYTE, 2) for layer in LAYERS}


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
