"""Find the lines that switch on the name of an engine where they should ask the engine, or its kit, for what differs.

    python scripts/engine_switches.py [FILE ...]

A line switches when it compares with the name or the class of an engine, matches it, keys a dictionary by it, or asks
whether it is so (`if mysql`). An assertion may state a name: `assert facts.engine == "mysql"` chooses nothing.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENGINES = Path("layers/secret_rotation/secret_rotation/engines")
ROOMS = (ENGINES, Path("lab/engines"), Path("functions"))
"""Where an engine is at home: its package, its kit and its functions."""
SEARCHED = ("layers/secret_rotation", "rotationctl", "lab", "benchmarks", "scripts", "tests")
NICKNAMES = ("aurora-mysql", "aurora-postgresql", "postgres")
"""What else secrets call them."""
CHECKS_OF_TYPE = ("isinstance", "issubclass")
CHECKS_OF_TEXT = ("startswith", "endswith")


def engine_names() -> list[str]:
    """The names of the engines that the layer has, and what else they are called."""
    packages = [path.stem for path in (ROOT / ENGINES).iterdir() if not path.name.startswith("_")]
    return sorted([*packages, *NICKNAMES])


NAMED = re.compile(rf"({'|'.join(engine_names())})(server|kit|\d*)", re.IGNORECASE)
"""`mysql`, `MYSQL`, `MySQL`, `MySQLServer`, `postgres18`."""


def switches(source: str) -> list[int]:
    """The numbers of the lines that switch on an engine's name, in order."""
    tree = ast.parse(source)
    stated = {node.test for node in ast.walk(tree) if isinstance(node, ast.Assert)}
    return sorted({node.lineno for part in ast.walk(tree) if part not in stated for node in _asked(part)})


def _asked(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions by which this piece of code finds out which engine it has to do with."""
    match node:
        case ast.Compare(left=left, comparators=others):
            yield from filter(_is_engine, [left, *others])
        case ast.Dict(keys=keys):
            yield from (key for key in keys if key and _is_engine(key))
        case ast.MatchValue(value=asked) | ast.MatchClass(cls=asked) if _is_engine(asked):
            yield asked
        case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
            yield from (keyword.value for keyword in keywords if keyword.arg and NAMED.fullmatch(keyword.arg))
        case ast.Call(func=ast.Name(id=name), args=[_, asked]) if name in CHECKS_OF_TYPE and _is_engine(asked):
            yield asked
        case ast.Call(func=ast.Attribute(attr=name), args=[asked, *_]) if name in CHECKS_OF_TEXT and _is_engine(asked):
            yield asked
        case ast.If(test=asked) | ast.IfExp(test=asked) | ast.UnaryOp(op=ast.Not(), operand=asked):
            yield from filter(_is_flag, [asked])
        case ast.BoolOp(values=asked) | ast.comprehension(ifs=asked):
            yield from filter(_is_flag, asked)


def _is_engine(node: ast.expr) -> bool:
    """Whether an expression is the name or the class of an engine, or several of which one is."""
    match node:
        case ast.Constant(value=str(name)) | ast.Name(id=name) | ast.Attribute(attr=name):
            return NAMED.fullmatch(name) is not None
        case ast.Tuple(elts=several) | ast.List(elts=several) | ast.Set(elts=several):
            return any(map(_is_engine, several))
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _is_engine(left) or _is_engine(right)
    return False


def _is_flag(node: ast.expr) -> bool:
    """Whether an expression is a variable that says by its name whether the engine is a certain one."""
    return isinstance(node, ast.Name | ast.Attribute) and _is_engine(node)


def main(arguments: list[str]) -> int:
    """Print every line that switches.

    Returns:
        The exit code: 1 if there is any.
    """
    everything = (file for folder in SEARCHED for file in (ROOT / folder).rglob("*.py"))
    files = [Path(name).resolve() for name in arguments] or everything
    outside = (file for file in sorted(files) if not any(ROOT / room in file.parents for room in ROOMS))
    found = [(file.relative_to(ROOT), line) for file in outside for line in switches(file.read_text())]
    for file, line in found:
        print(
            f"{file}:{line}: switches on an engine's name. Ask the engine, or its kit in lab/engines, for what differs."
        )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
