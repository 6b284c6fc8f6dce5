"""The tokenizer of SHOW GRANTS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_rotation.engines.mysql.rights import Kind, SqlSyntaxError, Token, TokenReader, tokenize
from secret_rotation.engines.mysql.sql import account_name, identifier

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(names)
def test_quoted_names_are_read_back(name: str) -> None:
    """Whatever is in a name, quoting it and reading it gives the same name."""
    assert tokenize(str(identifier(name))) == [Token(Kind.NAME, name)]


@given(names, names)
def test_accounts_are_read_back(user: str, host: str) -> None:
    """An account is a name, an at sign and a name, whatever the two hold."""
    assert [token.text for token in tokenize(str(account_name(user, host)))] == [user, "@", host]


@pytest.mark.parametrize("name", ["a TO b", "it's", 'say "x"', "back`tick", "100%", "``", "", "new\nline", "café"])
def test_awkward_names_are_one_token(name: str) -> None:
    """Names that look like SQL stay names."""
    assert tokenize(f"GRANT SELECT ON {identifier(name)}.* TO {account_name(name, name)}")[3] == Token(Kind.NAME, name)


def test_ansi_quotes_are_read() -> None:
    """Names in double quotes, as a server with ANSI_QUOTES prints them, are names."""
    assert tokenize('"a ""b"" c"') == [Token(Kind.NAME, 'a "b" c')]


@pytest.mark.parametrize("sql", ["GRANT 'text' TO x", "GRANT `open", "a;b", "1"])
def test_what_is_never_printed_is_an_error(sql: str) -> None:
    """A statement that holds something else than names, words and signs is not guessed at."""
    with pytest.raises(SqlSyntaxError):
        tokenize(sql)


def test_names_are_not_taken_for_words() -> None:
    """A name that spells a keyword does not end a list of privileges."""
    reader = TokenReader.of("SELECT ON `TO`")
    reader.expect("SELECT", "ON")
    assert not reader.skip("TO")
    with pytest.raises(SqlSyntaxError):
        reader.expect("TO")
    with pytest.raises(SqlSyntaxError):
        reader.take(Kind.WORD)
