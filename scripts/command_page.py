"""Write docs/rotationctl.md anew from the commands' own help: python -m scripts.command_page."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from lab.documents import TextTable, replace_marked
from rotationctl.app import PROGRAM, cli

PAGE = Path(__file__).parents[1] / "docs" / "rotationctl.md"
COLUMNS = 100


def page() -> str:
    """The page as it has to be."""
    return replace_marked(PAGE.read_text(), {"commands": "\n\n".join(_sections())})


def _sections() -> Iterator[str]:
    context = click.Context(cli, info_name=PROGRAM, terminal_width=COLUMNS, **cli.context_settings)
    yield _help(context)
    for name in cli.list_commands(context):
        module = cli.module(name)
        yield f"## {PROGRAM} {name}"
        yield _help(click.Context(module.command, context, name, terminal_width=COLUMNS))
        yield from _tables(module.JSON)


def _help(context: click.Context) -> str:
    return f"```\n{context.get_help()}\n```"


def _tables(tables: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for title, keys in tables.items():
        rows = [(f"`{key}`", meaning) for key, meaning in keys.items()]
        yield f"{title}:"
        yield TextTable(("Key", "Meaning"), rows, words=2).markdown()


if __name__ == "__main__":
    PAGE.write_text(page())
