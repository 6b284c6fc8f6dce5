"""The check in `make lint` that no line outside the engines' rooms chooses by the name of an engine."""

from pathlib import Path

import pytest

from scripts.engine_switches import ROOMS, ROOT, main, switches

SWITCHES = [
    "mark = '`' if user.engine == MYSQL else '\"'",
    "if 'postgresql' != name: pass",
    "gap = engine is EngineName.POSTGRESQL",
    "if (engine, strategy) == (EngineName.MYSQL, SINGLE_USER): pass",
    "known = name in ('mysql', 'mariadb')",
    "assert logs_in == (user.engine == MYSQL)",
    "titles = {'mysql': 'MySQL'}",
    "titles = {POSTGRES: 'PostgreSQL', **others}",
    "if server.startswith('postgres'): pass",
    "if isinstance(server, MySQLServer): pass",
    "if isinstance(server, MySQLServer | OtherServer): pass",
    "if issubclass(kind, (PostgreSQL, Other)): pass",
    "if mysql: pass",
    "start = begin_mysql if not setup.mysql else begin_other",
    "both = alternating and not_yet or setup.mysql",
    "users = [user for user in users if mysql]",
    "if database == 'postgres18': pass",
    "if value['engine'] == 'aurora-mysql': pass",
    "if server.startswith(('mysql', 'maria')): pass",
    "titles = dict(mysql='MySQL')",
    "if isinstance(kit, MySQLKit): pass",
    "if type(engine) is PostgreSQLKit: pass",
]
HARMLESS = [
    "assert facts.engine == 'mysql'",
    "kit = KITS['mysql']",
    "value = {'engine': 'mysql'}",
    "mysql = start_mysql()",
    "handler = rotation_handler(MySQL, SingleUser)",
    "if user.engine.keeps_old_password: pass",
    "if 'mysql.user' in statement: pass",
    "if name == 'postgresql_single_user': pass",
]


@pytest.mark.parametrize("line", SWITCHES)
def test_a_line_that_chooses_by_an_engines_name_is_found(line: str) -> None:
    """Comparing with a name, keying by it, matching its type or asking a flag of that name: each is a switch."""
    assert switches(f"first = 1\n{line}\n") == [2]


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [("'mysql'", [2]), ("EngineName.MYSQL", [2]), ("MySQL()", [2]), ("'x' | 'mysql'", [2]), ("1", [])],
)
def test_a_match_of_an_engine_is_found(pattern: str, lines: list[int]) -> None:
    """A case for a name or a class of an engine is a switch."""
    assert switches(f"match engine:\n    case {pattern}:\n        pass\n") == lines


@pytest.mark.parametrize("line", HARMLESS)
def test_a_line_that_only_names_an_engine_is_let_be(line: str) -> None:
    """To state, look up, hand on or expect a name chooses nothing."""
    assert switches(line) == []


def test_a_line_found_is_printed_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says where the line is and what to do instead; a file of the engines' rooms is not looked at."""
    monkeypatch.setattr("scripts.engine_switches.ROOT", tmp_path)
    outside, inside = tmp_path / "lab" / "outside.py", tmp_path / ROOMS[1] / "inside.py"
    for file in (outside, inside):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\nif mysql: pass\n")
    assert main([str(outside), str(inside)]) == 1
    assert capsys.readouterr().out.startswith("lab/outside.py:2: switches on an engine's name. Ask ")
    assert main([str(inside)]) == 0


def test_the_rooms_of_the_engines_exist() -> None:
    """What the check leaves out is there: a room that moves must be moved here too."""
    assert [room for room in ROOMS if not (ROOT / room).is_dir()] == []
