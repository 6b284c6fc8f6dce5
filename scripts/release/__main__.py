"""Make a release: python -m scripts.release [--to FOLDER] [--tag TAG] [--sums FILE].

Runs with the Python that has aws-sam-cli (`make` keeps one in .venv-sam), and with `sam` on PATH.
"""

import argparse
import shutil
import sys
from pathlib import Path

import rotationctl
from scripts.release import build, pages, sums, template
from scripts.release.archive import pack
from scripts.release.refused import RefusedError
from scripts.release.sbom import sbom

ROOT = Path(__file__).parents[2]
BUILT = ROOT / ".cache" / "release" / "build"
OWN = ROOT / "dist"
"""Always replaced: what was interrupted may have left anything in it."""
DEPENDENCIES = {"arm64": "DependenciesLayerArm64", "x86_64": "DependenciesLayerX8664"}
"""The layer that is for one processor only, by the processor."""
COPIES = ("LICENSE", "NOTICE", "samconfig.toml")


def main(arguments: list[str]) -> int:
    """Make a release, or say why not.

    Returns:
        The exit code: 1 where there is none, or it is not the same as another.
    """
    parser = argparse.ArgumentParser(prog="scripts.release", description="Make what a release consists of.")
    parser.add_argument("--to", type=Path, default=OWN, help="the folder, whose files are replaced")
    parser.add_argument("--tag", help="the tag that is released, as v0.1.0, which must be that of the code")
    parser.add_argument("--sums", type=Path, help="SHA256SUMS of another build, which this one must equal")
    options = parser.parse_args(arguments)
    try:
        others = sums.read(options.sums) if options.sums else None
        _release(options.to, options.tag)
        if others is not None:
            sums.compare(options.to, others)
    except RefusedError as error:
        print(f"release: {error}.", file=sys.stderr)
        return 1
    print(f"Version {rotationctl.__version__} is in {options.to}.")
    return 0


def _release(folder: Path, tag: str | None) -> None:
    """Write all files of a release, and the sums last: without them it is not complete."""
    _require_replaceable(folder)
    changelog = (ROOT / "CHANGELOG.md").read_text()
    if tag:
        pages.require_released(changelog, rotationctl.__version__, tag)
    source = template.load(ROOT / "template.yaml")
    build.build(ROOT, BUILT)
    _require_bytecode(tag)
    _make_empty(folder)
    for part in template.parts(source):
        pack(BUILT / part, folder / f"{part}.zip")
    (folder / "template.json").write_text(template.released(source))
    _write_bills(folder)
    _write_pages(folder, changelog)
    sums.write(folder)


def _require_bytecode(tag: str | None) -> None:
    if not build.has_bytecode(BUILT):
        problem = "the Python of the runtime is not on PATH, so that each cold start compiles the code"
        if tag:
            raise RefusedError(problem)
        print(f"Not to be published: {problem}.", file=sys.stderr)


def _require_replaceable(folder: Path) -> None:
    if folder != OWN and folder.exists() and any(folder.iterdir()) and not (folder / sums.NAME).exists():
        raise RefusedError(f"{folder} holds something else than a release: empty it, or name another folder")


def _make_empty(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)


def _write_bills(folder: Path) -> None:
    notice = (ROOT / "NOTICE").read_text()
    for processor, layer in DEPENDENCIES.items():
        others = {f"{other}.zip" for other in DEPENDENCIES.values() if other != layer}
        zips = [file for file in sorted(folder.glob("*.zip")) if file.name not in others]
        (folder / f"sbom-{processor}.cdx.json").write_text(sbom(zips, BUILT / layer, notice))


def _write_pages(folder: Path, changelog: str) -> None:
    version = rotationctl.__version__
    for name in COPIES:
        shutil.copyfile(ROOT / name, folder / name)
    for name, home, text in (
        ("README.md", "README.md", (ROOT / "README.md").read_text()),
        ("release-notes.md", "CHANGELOG.md", pages.notes(changelog, version)),
    ):
        (folder / name).write_text(pages.away_from_home(text, home, rotationctl.REPOSITORY, f"v{version}"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
