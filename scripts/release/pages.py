"""What a release says in words: its README, and what is new in it."""

import re

from scripts.release.refused import RefusedError

UNRELEASED = "Unreleased"
_SECTION = re.compile(
    r"^## (Unreleased|\d+\.\d+\.\d+\S*)(?: - (\d{4}-\d\d-\d\d))?\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
)
"""A version, the day of its release, and what changed."""
_LINK = re.compile(r"(?P<image>!?)(?P<text>\[[^\]]*\])\((?!https?://)(?P<target>[^)\s]+)\)")


def versions(changelog: str) -> list[str]:
    """What the sections of a changelog are about, the newest first; `UNRELEASED` may be among them.

    Raises:
        RefusedError: a heading is no version with its day.
    """
    for heading in re.findall(r"(?m)^##(?!#).*\n?", changelog):
        if not _SECTION.match(heading):
            raise RefusedError(
                f"CHANGELOG.md has a heading that is neither as '## 1.0.0 - 2026-01-31' nor '## {UNRELEASED}': "
                f"{heading.strip()}"
            )
    return [section[1] for section in _SECTION.finditer(changelog)]


def require_released(changelog: str, version: str, tag: str) -> None:
    """Hold a tag to the version that there is, and to the newest section of the changelog.

    Raises:
        RefusedError: they differ, or the section has no day.
    """
    if tag != f"v{version}":
        raise RefusedError(f"the tag is {tag}, and the version of the code {version}: its tag is v{version}")
    versions(changelog)
    newest = _SECTION.search(changelog)
    if newest is None or newest[1] != version or newest[2] is None:
        raise RefusedError(f"CHANGELOG.md must begin with '## {version} - YYYY-MM-DD', the day of the release")


def notes(changelog: str, version: str) -> str:
    """What the changelog says of a version, or else of what is not released yet.

    Raises:
        RefusedError: it says nothing of either.
    """
    sections = {section[1]: section[3].strip() for section in _SECTION.finditer(changelog)}
    for name in (version, UNRELEASED):
        if name in sections:
            return sections[name] + "\n"
    raise RefusedError(f"CHANGELOG.md has neither a section {version!r} nor {UNRELEASED!r}")


def away_from_home(page: str, name: str, repository: str, version: str) -> str:
    """A page whose links also lead somewhere outside the repository.

    Args:
        page: the page, in Markdown.
        name: the file in the repository that it is, or is a part of.
        repository: the URL of the repository. A link takes what GitHub shows there, and a picture the file itself.
        version: the tag in such a URL, as `v0.1.0`.
    """

    def absolute(link: re.Match[str]) -> str:
        place = "raw" if link["image"] else "blob"
        target = f"{name}{link['target']}" if link["target"].startswith("#") else link["target"]
        return f"{link['image']}{link['text']}({repository}/{place}/{version}/{target})"

    return _LINK.sub(absolute, page)
