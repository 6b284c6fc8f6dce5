"""What a release says, which versions it accepts, and what it holds itself to."""

import re
from pathlib import Path

import pytest

from scripts.release import notice, pages, sums
from scripts.release.bundled import bundled
from scripts.release.refused import RefusedError

CHANGELOG = """# Changelog

## Unreleased

- Something new.

## 1.1.0 - 2026-12-01

### Added

- A thing.

## 1.0.0 - 2026-11-01

- All.
"""
RELEASED = CHANGELOG.replace("## Unreleased\n\n- Something new.\n\n", "")
NOTICE = """What is in it, in
python/psycopg2_binary.libs:

  libpq                 PostgreSQL 17.11   PostgreSQL licence
  libcrypto, libssl     OpenSSL 3.5.8      Apache 2.0
  libcrypto (arm64 only)  OpenSSL 1.1.1k   OpenSSL licence
  libkrb5,
  libgssapi_krb5        MIT Kerberos       MIT

The end.
"""


def test_a_tag_is_that_of_the_newest_section() -> None:
    """The changelog begins with the version, and its day."""
    pages.require_released(RELEASED, "1.1.0", "v1.1.0")


@pytest.mark.parametrize(
    ("changelog", "version", "tag", "problem"),
    [
        (RELEASED, "1.1.0", "v1.2.0", "the version of the code 1.1.0"),
        (RELEASED, "1.1.0", "1.1.0", "its tag is v1.1.0"),
        (CHANGELOG, "1.1.0", "v1.1.0", "must begin with '## 1.1.0 - YYYY-MM-DD'"),
        (RELEASED, "1.0.0", "v1.0.0", "must begin with '## 1.0.0 - YYYY-MM-DD'"),
        (RELEASED.replace(" - 2026-12-01", ""), "1.1.0", "v1.1.0", "the day of the release"),
        ("# Changelog\n", "1.1.0", "v1.1.0", "the day of the release"),
    ],
)
def test_no_other_tag_is_taken(changelog: str, version: str, tag: str, problem: str) -> None:
    """Not one of another version, nor one that the changelog does not know, or has no day for."""
    with pytest.raises(RefusedError, match=problem):
        pages.require_released(changelog, version, tag)


def test_the_versions_of_a_changelog() -> None:
    """The newest first; a heading in another form is not passed over."""
    assert pages.versions(CHANGELOG) == ["Unreleased", "1.1.0", "1.0.0"]
    for heading in ("1.1.0 (2026-12-01)", "[1.1.0] - 2026-12-01", "Nonsense"):
        with pytest.raises(RefusedError, match=f"neither as .*## {re.escape(heading)}$"):
            pages.versions(CHANGELOG.replace("1.1.0 - 2026-12-01", heading))
        with pytest.raises(RefusedError, match="neither as"):
            pages.require_released(RELEASED.replace("1.1.0 - 2026-12-01", heading), "1.0.0", "v1.0.0")


def test_the_notes_are_the_versions_section() -> None:
    """They are what the changelog says of the version, to the next one."""
    assert pages.notes(CHANGELOG, "1.1.0") == "### Added\n\n- A thing.\n"
    assert pages.notes(CHANGELOG, "1.0.0") == "- All.\n"


def test_before_a_release_the_notes_are_what_is_to_come() -> None:
    """A version without a section has not been released yet. Without either there is nothing to say."""
    assert pages.notes(CHANGELOG, "1.2.0") == "- Something new.\n"
    with pytest.raises(RefusedError, match="neither"):
        pages.notes(RELEASED, "1.2.0")


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("[a](docs/b.md#c)", "[a](https://git.example/blob/v1/docs/b.md#c)"),
        ("[two\nlines](docs/b.md)", "[two\nlines](https://git.example/blob/v1/docs/b.md)"),
        ("![a](docs/b.svg)", "![a](https://git.example/raw/v1/docs/b.svg)"),
        ("[a](#b)", "[a](https://git.example/blob/v1/README.md#b)"),
        ("[a](https://b.example/c)", "[a](https://b.example/c)"),
    ],
)
def test_links_work_from_elsewhere(here: str, there: str) -> None:
    """A link leads to the file of this version; one to elsewhere stays."""
    assert pages.away_from_home(here, "README.md", "https://git.example", "v1") == there


def test_builds_with_the_same_sums_are_the_same(tmp_path: Path) -> None:
    """A build that is the same is said nothing of."""
    (tmp_path / "a.zip").write_bytes(b"a")
    sums.write(tmp_path)
    sums.compare(tmp_path, sums.read(tmp_path / sums.NAME))


def test_builds_that_differ_are_named(tmp_path: Path) -> None:
    """A file with another sum, one that only this build has, and one that only the other has."""
    for name in ("different.zip", "ours.zip", "same.zip"):
        (tmp_path / name).write_bytes(b"")
    sums.write(tmp_path)
    others = {"different.zip": "00", "same.zip": sums.of(tmp_path / "same.zip"), "theirs.zip": "00"}
    with pytest.raises(RefusedError, match=r": different\.zip, ours\.zip, theirs\.zip$"):
        sums.compare(tmp_path, others)


@pytest.mark.parametrize("text", ["no sums\n", None])
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str | None) -> None:
    """Neither another text nor a file that is not there is taken for a list."""
    if text:
        (tmp_path / "theirs").write_text(text)
    with pytest.raises(RefusedError, match="is no list of sums"):
        sums.read(tmp_path / "theirs")


def test_rows_of_notice_are_read() -> None:
    """Libraries, of which a comma carries on to the next line; project, version if there is one, and licence."""
    rows = notice.rows(NOTICE)
    assert rows[0] == notice.Row(frozenset({"libpq"}), "PostgreSQL", "17.11", "PostgreSQL licence")
    assert rows[2] == notice.Row(frozenset({"libcrypto"}), "OpenSSL", "1.1.1k", "OpenSSL licence")
    assert rows[3] == notice.Row(frozenset({"libkrb5", "libgssapi_krb5"}), "MIT Kerberos", None, "MIT")


def test_of_two_versions_the_file_says_which_it_is(tmp_path: Path) -> None:
    """Which OpenSSL a file is stands in the file."""
    add_library(tmp_path, "libcrypto-02bae65c.so.1.1.1k", b"\0OpenSSL 1.1.1k  FIPS 25 Mar 2021\0")
    add_library(tmp_path, "libcrypto-d03c352e.so.3", b"\0OpenSSL 3.5.8 25 Aug 2026\0")
    assert [library.version for library in bundled(tmp_path, NOTICE)] == ["1.1.1k", "3.5.8"]


def test_a_library_that_notice_does_not_name_is_refused(tmp_path: Path) -> None:
    """A driver that brings more than it did is looked at by somebody before it is released."""
    add_library(tmp_path, "libnew-02bae65c.so.1", b"")
    with pytest.raises(RefusedError, match="libnew"):
        bundled(tmp_path, NOTICE)


def add_library(layer: Path, name: str, content: bytes) -> None:
    """Put a library into a layer, where the driver has its own."""
    folder = layer / "python/psycopg2_binary.libs"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
