"""Commands of the AWS command line for a person to type, in a message that holds names from outside.

A version id is whatever 32 to 64 characters a writer of the secret chose, so no value may be taken for anything else:
not by the shell (quotes, `$(...)`), not by the command line itself, which takes `--...` for an option and reads what
`file://...` names, and not where somebody copies a command out of a log's raw JSON, in which quotes and backslashes
are escaped. So a command is given as JSON, in single quotes that nothing in it ends, wherever one of its values could
be mistaken.
Source: AWS CLI User Guide, "Quotation marks and literals", "Load a parameter from a file", "Skeletons and input files";
zsh's manual, "Filename Expansion": `=word` is the path of a program.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping

Value = str | bool | Mapping[str, int | str]

_AS_IT_IS = re.compile(r"(?!-)(?!\w+://)[ -~]+")
"""Printable ASCII that is neither an option nor an address."""
_ESCAPED = re.compile(r"['\"\\]")


def shell_line(words: Iterable[str]) -> str:
    """The words as a line that sh, bash and zsh read alike."""
    return " ".join(map(_quoted, words))


def secrets_manager(operation: str, secret_arn: str, **parameters: Value) -> str:
    """The command that calls an operation of Secrets Manager on a secret, by the API's own names of its parameters."""
    values: dict[str, Value] = {"SecretId": secret_arn, **parameters}
    arguments = _options(values) if all(map(_is_plain, values.values())) else _json(values)
    return shell_line(["aws", "secretsmanager", _kebab(operation), *arguments])


def put_secret_value(secret_arn: str) -> str:
    """The command that gives a secret a value out of the file secret.json: others can see a command line."""
    return f"{secrets_manager('PutSecretValue', secret_arn)} --secret-string file://secret.json"


def dry_run(secret_arn: str) -> str:
    """The command that lets the function test a rotation of a secret: what stops one is in its log.

    Where a rate schedule is on, a rotation that is due may begin instead. Source: Secrets Manager API Reference,
    RotateSecret, RotateImmediately.
    """
    return f"{secrets_manager('RotateSecret', secret_arn)} --no-rotate-immediately"


def _quoted(word: str) -> str:
    quoted = shlex.quote(word)
    return f"'{quoted}'" if quoted.startswith("=") else quoted


def _is_plain(value: Value) -> bool:
    if isinstance(value, str):
        return bool(_AS_IT_IS.fullmatch(value) and not _ESCAPED.search(value))
    return isinstance(value, Mapping) and all(isinstance(number, int) for number in value.values())


def _options(values: Mapping[str, Value]) -> list[str]:
    return [word for name, value in values.items() for word in ("--" + _kebab(name), _shorthand(value))]


def _shorthand(value: Value) -> str:
    return ",".join(f"{key}={number}" for key, number in value.items()) if isinstance(value, Mapping) else str(value)


def _json(values: Mapping[str, Value]) -> list[str]:
    return ["--cli-input-json", json.dumps(values).replace("'", "\\u0027")]


def _kebab(name: str) -> str:
    """UpdateSecretVersionStage as the command line spells it: update-secret-version-stage."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
