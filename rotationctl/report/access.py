"""Who may read a secret, as its own resource policy says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rotationctl.failures import explain
from rotationctl.policies import EVERYBODY, Statement, statements
from rotationctl.secret import Secret
from rotationctl.text import plural

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

ENOUGH_REFUSALS = 10
"""So many in a row, and nobody need be asked any more."""
READING = "secretsmanager:GetSecretValue"


@dataclass(frozen=True, slots=True)
class Access:
    """What a secret's own policy says about reading it.

    Attributes:
        readers: whom it allows to read, each with the keys of the conditions.
        denied: whom it forbids to read, in the same way.
        open_to_all: whether it allows everybody, in any account, without a condition on who or from where.

    Source: IAM User Guide, "IAM JSON policy elements reference"; a principal that is an account stands for whomever
    that account admits.
    """

    readers: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    open_to_all: bool = False

    @classmethod
    def of_policy(cls, text: str | None) -> Self:
        """Read a policy's text; None where the secret has none.

        Raises:
            ValueError: it is no policy.
        """
        about = [statement for statement in statements(text) if statement.names(READING)] if text else []
        allowed, denied = [s for s in about if s.allows], [s for s in about if s.denies]
        return cls(_whom(allowed), _whom(denied), any(statement.is_open for statement in allowed))


def read_policies(
    client: "SecretsManagerClient", secrets: Sequence[Secret], options: Sequence[str]
) -> tuple[dict[str, Access], list[str]]:
    """What the policies of secrets say, by their ARNs, and a sentence on those that could not be read.

    A call for each, one after the other: that keeps well below the 50 a second that AWS allows in a region.
    Source: Secrets Manager User Guide, "AWS Secrets Manager quotas".
    """
    found: dict[str, Access] = {}
    reasons: list[str] = []
    in_a_row = 0
    for secret in secrets:
        try:
            found[secret.arn] = Access.of_policy(client.get_resource_policy(SecretId=secret.arn).get("ResourcePolicy"))
            in_a_row = 0
        except ValueError:
            reasons.append(f"the policy of {secret.name} is none that is known.")
        except client.exceptions.ClientError as error:
            reasons.append(f"{secret.name}: {explain(error, options)}")
            in_a_row += 1
        if in_a_row == ENOUGH_REFUSALS:
            break
    missing = plural(len(secrets) - len(found), "secret")
    return found, [f"The policies of {missing}. The first reason: {reason}" for reason in reasons[:1]]


def _whom(found: Sequence[Statement]) -> tuple[str, ...]:
    return tuple(sorted({who for statement in found for who in _in_words(statement)}))


def _in_words(statement: Statement) -> Iterator[str]:
    keys = sorted({key for tests in statement.conditions.values() for key in tests})
    condition = f", if {' and '.join(keys)}" if keys else ""
    but = "all but " if statement.is_for_all_but else ""
    for principal in statement.principals:
        yield f"{but}{'everybody' if principal == EVERYBODY else principal}{condition}"
