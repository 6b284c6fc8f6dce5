"""What all examinations of one Lambda environment share, and how a secret is read for one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from secret_rotation import aws
from secret_rotation.credentials import Credentials
from secret_rotation.errors import InvalidSecretError, RotationError
from secret_rotation.examiner import Examiner
from secret_rotation.labels import AWSCURRENT
from secret_rotation.patience import Patience
from secret_rotation.secret_fields import SecretFields
from secret_rotation.settings import Settings
from secret_rotation.store import SecretStore, StoredVersion
from secret_rotation.strategy import Strategy

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True, slots=True)
class Parts:
    """What is made once.

    Attributes:
        secrets_manager_url: where Secrets Manager is called.
        rds_url: where RDS is; a client is made only where somebody asks.
        functions: the name of the strategy of each rotation function of this stack, by the function's ARN.
    """

    store: SecretStore
    secrets_manager_url: str
    rds_url: Callable[[], str]
    examiners: Sequence[Examiner]
    strategies: Mapping[str, Strategy]
    functions: Mapping[str, str]
    settings: Settings

    @classmethod
    def make(
        cls,
        examiners: Sequence[type[Examiner]],
        strategies: Sequence[type[Strategy]],
        environ: Mapping[str, str],
        patience: Patience,
    ) -> "Parts":
        """The parts of a function, with clients of its own, as the environment sets them up.

        Raises:
            InvalidSettingsError: an environment variable is wrong.
        """
        settings = Settings.from_environ(environ, "")
        client = aws.client("secretsmanager", patience, settings.endpoint_url)

        def rds_url() -> str:
            return aws.client("rds", patience, settings.rds_endpoint_url).meta.endpoint_url

        return cls.of(settings, client, rds_url, examiners, strategies, environ)

    @classmethod
    def of(
        cls,
        settings: Settings,
        client: "SecretsManagerClient",
        rds_url: Callable[[], str],
        examiners: Sequence[type[Examiner]],
        strategies: Sequence[type[Strategy]],
        environ: Mapping[str, str],
    ) -> "Parts":
        """The parts, with somebody else's client of Secrets Manager."""
        return cls(
            store=SecretStore(client),
            secrets_manager_url=client.meta.endpoint_url,
            rds_url=rds_url,
            examiners=[examiner.from_settings(settings) for examiner in examiners],
            strategies={strategy.name: strategy.from_settings(settings) for strategy in strategies},
            functions={arn: kind.name for kind in strategies for arn in _functions(environ, kind.name)},
            settings=settings,
        )

    def strategy_of(self, function_arn: str | None) -> Strategy | None:
        """The strategy of a secret's rotation function; None where it is not of this stack."""
        name = self.functions.get(unqualified(function_arn)) if function_arn else None
        return self.strategies[name] if name else None

    def has_moved(self, secret_arn: str, version_id: str) -> bool:
        """Whether a rotation explains that this version of AWSCURRENT is rejected: one is under way, or has ended.

        Where nobody can tell, it does not: what was rejected counts as that.
        """
        try:
            labels = self.store.describe(secret_arn).labels
        except RotationError:
            return False
        return labels.unfinished is not None or labels.holder(AWSCURRENT) != version_id

    def read(self, stored: StoredVersion, stage: str) -> tuple[Examiner, Credentials]:
        """Who examines the database of a version, and what the version holds.

        Raises:
            InvalidSecretError: the value is wrong, or names no engine of these.
        """
        secret = f"{stored.arn} ({stage})"
        named = SecretFields(stored.text, secret).text("engine")
        for examiner in self.examiners:
            if named in examiner.engine.secret_format.engine_names:
                return examiner, Credentials.parse(stored.text, secret, examiner.engine.secret_format)
        names = sorted(name for examiner in self.examiners for name in examiner.engine.secret_format.engine_names)
        allowed = " or ".join(f"'{name}'" for name in names)
        raise InvalidSecretError(f"Key 'engine' of {secret} must be {allowed}.")


def unqualified(function_arn: str) -> str:
    """The ARN of a function without the version or alias that may follow it."""
    return ":".join(function_arn.split(":")[:7])


def _functions(environ: Mapping[str, str], strategy: str) -> list[str]:
    text = environ.get(f"{strategy.upper()}_FUNCTION_ARNS", "")
    return [unqualified(arn.strip()) for arn in text.split(",") if arn.strip()]
