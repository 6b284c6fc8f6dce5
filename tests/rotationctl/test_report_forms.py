"""The files of a report: whole or not at all, and harmless whatever a secret is called."""

import csv
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rotationctl.exits import Exit
from rotationctl.report import files, spreadsheet, style
from tests.rotationctl.audited import audited_fleet, tagged
from tests.rotationctl.conftest import Account, Program

NASTY = (
    "=HYPERLINK(A1)", "+1", "-1", "@SUM(A1)", "\uff1d1", "<script>alert(1)</script>", "a&b\"c'd", "]]>-->",
    "\u0645\u062b\u0627\u0644/\u0643\u0644\u0645\u0629", "\u202egnp", "x" * 480,
)  # fmt: skip
"""Names that a file could take for something else."""
VOID = {"meta", "wbr"}


class Page(HTMLParser):
    """A page's elements, which it must close in their order; what it names that lies outside of it; and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.open: list[str] = []
        self.outside: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.counts[tag] += 1
        self.outside += [
            f"{name}={value}" for name, value in attrs if name in ("src", "href", "style") or name[:2] == "on"
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """It is that of the innermost element."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note what is shown."""
        self.text.append(data)


@pytest.fixture
def nasty(account: Account) -> Account:
    """Secrets with names that could be taken for something else; each is its own exception, too."""
    for name in NASTY:
        account.add(name, Tags=tagged(name[:200], rotation__exception=name[:200]))
    return account


def verified(path: Path) -> list[str]:
    """The lines of a file above the last, whose digest is right."""
    *lines, last = path.read_text().split("\n")[:-1]
    assert hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest() in last
    return lines


@pytest.mark.usefixtures("nasty")
def test_a_page_holds_text_alone(rotationctl: Program, tmp_path: Path) -> None:
    """No name becomes an element, nothing is loaded, nothing runs, and each element is closed."""
    path = tmp_path / "report.html"
    result = rotationctl("report", "--html", str(path))
    assert f"Written: {path}" in result.err
    page = Page("\n".join(verified(path)))
    assert page.open == []
    assert page.outside == []
    assert not {"script", "link", "img", "iframe", "b>"} & set(page.counts)
    assert "url(" not in style.STYLE
    assert "@import" not in style.STYLE
    shown = "".join(page.text)
    for name in NASTY:
        assert name.replace("\u202e", "\\u202e") in shown


def test_a_page_can_be_read_aloud(account: Account, rotationctl: Program, tmp_path: Path) -> None:
    """It has a language and a title, and each table a caption and heads of its columns and rows."""
    audited_fleet(account)
    path = tmp_path / "report.html"
    rotationctl("report", "--html", str(path))
    text = path.read_text()
    counts = Page(text).counts
    assert '<html lang="en">' in text
    assert counts["title"] == counts["h1"] == counts["main"] == 1
    assert counts["table"] == counts["caption"] == counts["thead"] == text.count('role="region"') > 5
    assert counts["th"] == text.count('<th scope="col"') + text.count('<th scope="row"')


@pytest.mark.usefixtures("nasty")
def test_a_spreadsheet_runs_no_formula(rotationctl: Program, tmp_path: Path) -> None:
    """No cell begins as a formula does, and each row has all columns."""
    path = tmp_path / "report.csv"
    rotationctl("report", "--csv", str(path))
    head, *rows = csv.reader(verified(path))
    assert tuple(head) == spreadsheet.COLUMNS
    assert {len(row) for row in rows} == {len(spreadsheet.COLUMNS)}
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r", "\uff1d"}]
    names = {row[head.index("name")] for row in rows}
    assert {"'=HYPERLINK(A1)", "'-1", "<script>alert(1)</script>", "\\u202egnp"} <= names


@pytest.mark.parametrize("text", ["=1", " =1", "\t=1", "\n@a", "\0=1", "\uff20a", "\t", " a"])
def test_what_a_spreadsheet_might_take_for_a_formula(text: str) -> None:
    """An apostrophe stands before it, whatever blanks hide it."""
    assert spreadsheet.safe(text).startswith("'")
    assert spreadsheet.safe(f"a{text}").startswith("a")


def test_a_row_for_each_secret(account: Account, rotationctl: Program, tmp_path: Path) -> None:
    """Those too that are left out, with the reason."""
    audited_fleet(account)
    path = tmp_path / "report.csv"
    rotationctl("report", "--csv", str(path), "--html", str(tmp_path / "report.html"))
    rows = {row["name"]: row for row in csv.DictReader(verified(path))}
    assert len(rows) == 9
    assert rows["prod/old/reports"]["result"] == "left out"
    assert rows["prod/old/reports"]["left_out_because"].startswith("It is marked for deletion")
    assert rows["prod/shop/orders"]["rotations"].count("RotationSucceeded") == 3
    assert rows["prod/hr/payroll"]["verification"].startswith("out of sync at ")


def test_a_former_report_is_replaced_as_a_whole(rotationctl: Program, tmp_path: Path) -> None:
    """Through a link, too; what was begun is not left behind; others may read it as far as they may read new files."""
    target, link = tmp_path / "kept.html", tmp_path / "report.html"
    target.write_text("former")
    link.symlink_to(target)
    rotationctl("report", "--html", str(link))
    assert link.is_symlink()
    assert verified(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.html", "report.html"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~umask


def test_a_disk_that_is_full(rotationctl: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a sentence, and the former file is still there."""
    path = tmp_path / "report.csv"
    path.write_text("former")
    monkeypatch.setattr(os, "fsync", _full)
    result = rotationctl("report", "--csv", str(path))
    assert result.err == f"rotationctl: {path} was not written: No space left on device.\n"
    assert (result.code, result.out, path.read_text()) == (Exit.NOT_FINE, "", "former")
    assert list(tmp_path.iterdir()) == [path]


def _full(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_an_interruption_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C while a file is written: the former one is still there, and no half of a new one."""
    path = tmp_path / "report.html"
    path.write_text("former")
    with pytest.raises(KeyboardInterrupt):
        files.write_whole(path, _interrupted())
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "former"


def _interrupted() -> Iterator[str]:
    yield "a line"
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["", "missing/report.html", "/dev/null"])
def test_where_no_file_can_be(program: Program, tmp_path: Path, name: str) -> None:
    """It is said before AWS is asked."""
    result = program("report", "--html", str(tmp_path / name))
    assert (result.code, result.out) == (Exit.USAGE, "")
    assert "can be written" in result.err


def test_two_forms_need_two_files(program: Program, tmp_path: Path) -> None:
    """One would replace the other."""
    path = str(tmp_path / "report")
    assert program("report", "--html", path, "--csv", path).code == Exit.USAGE
