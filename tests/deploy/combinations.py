"""Values of the template's parameters, in few combinations that have each pair of them."""

import random
from itertools import combinations, product

from tests.deploy.ministack import ACCOUNT, REGION

Setting = dict[str, str]
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
SUPERUSERS = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/superuser"
ON, OFF = "true", "false"

SETTINGS = {
    "PromoteEarly": (OFF, ON),
    "ResetWithSuperuser": (OFF, ON),
    "OldPassword": ("keep", "discard"),
    "PasswordEncryption": ("scram-sha-256", "md5"),
    "PasswordLength": ("32", "64"),
    "ExcludeCharacters": ("/@", "#%"),
    "ExcludeNumbers": (OFF, ON),
    "ExcludePunctuation": (OFF, ON),
    "ExcludeUppercase": (OFF, ON),
    "ExcludeLowercase": (ON, OFF),
    "RequireEachIncludedType": (ON, OFF),
    "UsernameCharacterLimit": ("", "20"),
    "Ipv6AllowedForDualStack": (OFF, ON),
    "SecretsManagerEndpoint": ("", "https://vpce-1-a.secretsmanager.eu-central-1.vpce.amazonaws.com"),
    "RdsEndpoint": ("", "https://vpce-1-a.rds.eu-central-1.vpce.amazonaws.com"),
    "EventsEndpoint": ("", "https://vpce-1-a.events.eu-central-1.vpce.amazonaws.com"),
    "UseFipsEndpoints": (OFF, ON),
    "UseDualStackEndpoints": (OFF, ON),
    "RdsCaBundle": ("", "/var/task/ca-bundle.pem"),
    "LogLevel": ("INFO", "DEBUG"),
    "MetricsNamespace": ("SecretRotation", "Rotation/Prod"),
}
"""What decides about no resource: two values of each, which change together."""
ELSEWHERE = {"CaBundleLayerArn", "CodeSigningConfigArn"}
"""Parameters that name what has to exist; they have tests of their own."""


def switch(*names: str) -> tuple[Setting, Setting]:
    """Parameters that are true or false together."""
    return dict.fromkeys(names, ON), dict.fromkeys(names, OFF)


def texts(**named: str) -> tuple[Setting, Setting]:
    """Parameters that are empty, or these."""
    return dict.fromkeys(named, ""), named


FACTORS: dict[str, tuple[Setting, ...]] = {
    "doctor": (
        {"Doctor": ON, "VerifyDaily": ON},
        {"Doctor": ON, "VerifyDaily": OFF},
        {"Doctor": OFF, "VerifyDaily": OFF},
    ),
    "who is told": (
        {"NotificationEmail": "dba@example.com", "AlarmTopicArn": ""},
        {"NotificationEmail": "", "AlarmTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:dba"},
        {"NotificationEmail": "", "AlarmTopicArn": ""},
    ),
    "PostgreSQL, single user": switch("PostgresqlSingleUser"),
    "PostgreSQL, alternating users": switch("PostgresqlAlternatingUsers"),
    "MySQL, single user": switch("MysqlSingleUser"),
    "MySQL, alternating users": switch("MysqlAlternatingUsers"),
    "events": switch("RotationEvents"),
    "network": texts(
        SubnetIds="subnet-0123456789abcdef0,subnet-0123456789abcdef1", SecurityGroupIds="sg-0123456789abcdef0"
    ),
    "superusers of alternating users": texts(
        AlternatingUsersSuperuserSecretArns=f"{SUPERUSERS}-AbCdEf,{SUPERUSERS}2-??????"
    ),
    "superusers of single users": texts(SingleUserSuperuserSecretArns=f"{SUPERUSERS}-AbCdEf"),
    "keys of secrets": texts(KmsKeyArns=KEY),
    "processor": ({"Architecture": "arm64"}, {"Architecture": "x86_64"}),
    "tracing": switch("Tracing"),
    "rules of the organisation": (
        {"PermissionsBoundaryArn": "", "RolePath": "/", "EnvironmentKmsKeyArn": ""},
        {
            "PermissionsBoundaryArn": "arn:aws:iam::aws:policy/PowerUserAccess",
            "RolePath": "/rotation/",
            "EnvironmentKmsKeyArn": KEY,
        },
    ),
    "logs": (
        {"LogRetentionInDays": "90", "LogKmsKeyArn": "", "LogDeletionProtection": OFF},
        {"LogRetentionInDays": "7", "LogKmsKeyArn": KEY, "LogDeletionProtection": ON},
    ),
    "settings": tuple(dict(zip(SETTINGS, values, strict=True)) for values in zip(*SETTINGS.values(), strict=True)),
}
"""What a deployer decides, each with its values."""

Row = dict[str, int]
"""Which of its values each factor has."""
Pair = frozenset[tuple[str, int]]
"""Two factors, each with one of its values."""
CANDIDATES, SEED = 40, 6
"""Rows to choose each from, and a seed that makes few of them: 11."""


def covering() -> list[Setting]:
    """Parameters of deployments, in which each value of each factor meets each value of each other.

    Each row is the best of some that chance makes, from the same seed each time.
    """
    chance = random.Random(SEED)  # noqa: S311 - no secret
    missing = _pairs()
    rows: list[Row] = []
    while missing:
        candidates = [_row(missing, chance) for _ in range(CANDIDATES)]
        rows.append(max(candidates, key=lambda row: len(_pairs_of(row) & missing)))
        missing -= _pairs_of(rows[-1])
    return [_parameters(row) for row in rows]


def _pairs() -> set[Pair]:
    return {
        frozenset({(one, i), (other, j)})
        for one, other in combinations(FACTORS, 2)
        for i, j in product(_values(one), _values(other))
    }


def _row(missing: set[Pair], chance: random.Random) -> Row:
    """Begin with a pair that is missing, and choose for each other factor what makes most of them."""
    row = dict(chance.choice(sorted(missing, key=sorted)))
    for factor in chance.sample(list(FACTORS), len(FACTORS)):
        if factor not in row:
            gains = [sum(frozenset({one, (factor, i)}) in missing for one in row.items()) for i in _values(factor)]
            row[factor] = chance.choice([i for i in _values(factor) if gains[i] == max(gains)])
    return row


def _values(factor: str) -> range:
    return range(len(FACTORS[factor]))


def _pairs_of(row: Row) -> set[Pair]:
    return {frozenset(pair) for pair in combinations(row.items(), 2)}


def _parameters(row: Row) -> Setting:
    return {name: value for factor, i in row.items() for name, value in FACTORS[factor][i].items()}
