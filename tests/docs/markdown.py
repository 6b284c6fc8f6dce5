"""The little of Markdown that our documents use, read line by line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"\s*```(\w*)")
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")
_SLUG_DROPS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Block:
    """A fenced block of code, and where it stands."""

    document: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        """The path inside the repository."""
        return str(self.path.relative_to(ROOT))

    def blocks(self) -> Iterator[Block]:
        """The fenced blocks of code."""
        opened: tuple[int, str] | None = None
        body: list[str] = []
        for number, line in enumerate(self.path.read_text().splitlines(), start=1):
            fence = _FENCE.match(line)
            if not fence:
                body.append(line)
            elif opened:
                yield Block(self.name, *opened, "\n".join(body))
                opened = None
            else:
                opened, body = (number, fence[1]), []

    def prose(self) -> list[str]:
        """The lines outside blocks of code."""
        lines, inside = [], False
        for line in self.path.read_text().splitlines():
            if _FENCE.match(line):
                inside = not inside
            elif not inside:
                lines.append(line)
        return lines

    def links(self) -> list[str]:
        """The targets of all links."""
        return _LINK.findall("\n".join(self.prose()))

    def anchors(self) -> set[str]:
        """What a link into this document may point to, as GitHub makes it of the headings."""
        headings = (line.lstrip("#").strip() for line in self.prose() if line.startswith("#"))
        return {_SLUG_DROPS.sub("", heading.lower()).replace(" ", "-") for heading in headings}

    def table(self, header: str) -> list[dict[str, str]]:
        """The rows of all tables whose header row begins with this text, by column."""
        rows: list[dict[str, str]] = []
        columns: list[str] | None = None
        for line in self.prose():
            if not line.startswith("|"):
                columns = None
            elif columns is None:
                columns = _cells(line) if line.startswith(f"| {header}") else []
            elif columns and not set(line) <= set("|-: "):
                rows.append(dict(zip(columns, _cells(line), strict=True)))
        assert rows, f"{self.name} has no table with the header {header!r}"
        return rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def code(cell: str) -> list[str]:
    """What stands in backticks in a cell of a table, or in a line."""
    return _CODE.findall(cell)


def document(path: str) -> Document:
    """The document at this path inside the repository."""
    return Document(ROOT / path)


README = document("README.md")
REFERENCE = document("docs/reference.md")
DOCUMENTS = [
    README,
    document("CHANGELOG.md"),
    document("CONTRIBUTING.md"),
    document("SECURITY.md"),
    document("tests/README.md"),
    *map(Document, sorted((ROOT / "docs").rglob("*.md"))),
    *map(Document, sorted((ROOT / "events").rglob("*.md"))),
    document("lab/secretsmanager/README.md"),
]
