"""The secret's JSON changes in place: over all ways to write an object, every character but the values survives."""

import json

from hypothesis import given
from hypothesis import strategies as st

from secret_rotation.secret_json import SecretDocument

NEW = {"username": 'new "user" \u65e5', "password": "p\\{}[]:,"}
SPACE = st.text(" \t\n\r", max_size=3)
KEYS = st.sampled_from(['"username"', '"password"', r'"us\u0065rname"', '"other"', r'"a\"b"', '""', '"{"', r'"\ud800"'])
NUMBERS = ["0", "-0.0", "1e400", "12345678901234567890.5", "7" * 5_000, "NaN"]
ATOMS = st.sampled_from([*NUMBERS, "null", "true", '"username"', r'"}\\"', r'"\""'])
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{' ,'.join(items)}]"),
        st.tuples(KEYS, inner).map(lambda member: f"{{ {member[0]} : {member[1]}}}"),
    ),
    max_leaves=5,
)
MEMBERS = st.lists(st.tuples(SPACE, KEYS, SPACE, SPACE, VALUES, SPACE), max_size=5)
Members = list[tuple[str, str, str, str, str, str]]


@given(SPACE, MEMBERS, SPACE)
def test_all_but_the_values_of_the_keys_stays(before: str, members: Members, after: str) -> None:
    """The values of the keys are new wherever they stand at the top; spelling, order and white space are not."""

    def text(values: dict[str, str]) -> str:
        written = (f"{a}{key}{b}:{c}{values.get(json.loads(key), value)}{d}" for a, key, b, c, value, d in members)
        return before + "{" + ",".join(written) + "}" + after

    document = SecretDocument(text({})).with_texts(NEW)
    assert document.reveal() == text({key: json.dumps(value, ensure_ascii=False) for key, value in NEW.items()})
    for key in {json.loads(key) for _, key, *_ in members} & NEW.keys():
        assert document.get(key) == NEW[key]


def test_the_last_of_equal_keys_counts() -> None:
    """A key is read as most parsers read it: of several the last one, and None where there is none."""
    document = SecretDocument('{"port": 1, "port": 2, "deep": {"port": 3}}')
    assert (document.get("port"), document.get("host")) == (2, None)
