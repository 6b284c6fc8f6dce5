"""What a release is made of, for one processor, as a bill of materials in CycloneDX's JSON.

Source: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/.
"""

import json
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import rotationctl
from scripts.release.bundled import DRIVER, Library, bundled
from scripts.release.sums import of

Component = dict[str, Any]
_SEPARATORS = re.compile(r"[-_.]+")


def sbom(zips: Iterable[Path], layer: Path, notice: str) -> str:
    """The bill of materials, which is the same text for the same files.

    Args:
        zips: what is deployed for the processor.
        layer: the folder with its dependencies, as it was built; its zip is among the others.
        notice: the text of NOTICE.

    Raises:
        RefusedError: NOTICE does not name a library.
    """
    files = [_file(file) for file in zips]
    packages = sorted(map(_package, distributions(path=[str(layer / "python")])), key=_reference)
    libraries = [_library(library) for library in bundled(layer, notice)]
    [driver] = [package for package in packages if package["name"] == _normal(DRIVER)]
    [dependencies] = [file for file in files if file["name"] == f"{layer.name}.zip"]
    own = _suite()
    bill = {
        "metadata": {"component": own},
        "components": [*files, *packages, *libraries],
        "dependencies": [
            _depends(own, files),
            _depends(dependencies, packages),
            _depends(driver, libraries),
        ],
    }
    # No time and no chance: the number of the document is that of its content.
    serial = f"urn:uuid:{uuid5(NAMESPACE_URL, json.dumps(bill))}"
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": serial, "version": 1}
    return json.dumps(head | bill, indent=1) + "\n"


def _reference(component: Component) -> str:
    return str(component["bom-ref"])


def _depends(component: Component, others: Iterable[Component]) -> Mapping[str, Any]:
    return {"ref": _reference(component), "dependsOn": [_reference(other) for other in others]}


def _suite() -> Component:
    purl = f"pkg:github/{rotationctl.REPOSITORY.partition('github.com/')[2]}@v{rotationctl.__version__}"
    return {
        "type": "application",
        "bom-ref": purl,
        "name": "secret-rotation",
        "version": rotationctl.__version__,
        "licenses": [{"expression": "Apache-2.0"}],
        "purl": purl,
    }


def _file(file: Path) -> Component:
    hashes = [{"alg": "SHA-256", "content": of(file)}]
    return {"type": "file", "bom-ref": file.name, "name": file.name, "hashes": hashes}


def _package(package: Distribution) -> Component:
    about = package.metadata.json
    name = _normal(package.name)
    purl = f"pkg:pypi/{name}@{package.version}"
    expression = about.get("license_expression")
    licence = {"expression": expression} if expression else {"license": {"name": about["license"]}}
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": package.version,
        "licenses": [licence],
        "purl": purl,
    }


def _library(library: Library) -> Component:
    return {
        "type": "library",
        "bom-ref": library.purl,
        "name": library.name,
        **({"version": library.version} if library.version else {}),
        "licenses": [{"license": {"name": library.licence}}],
        **({"cpe": library.cpe} if library.cpe else {}),
        "purl": library.purl,
    }


def _normal(name: str) -> str:
    """A package's name as the index spells it. Source: Python Packaging User Guide, "Names and normalization"."""
    return _SEPARATORS.sub("-", name).lower()
