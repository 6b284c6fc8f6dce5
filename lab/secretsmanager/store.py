"""moto's store of secrets, with an index: a fleet's thousandth secret is found as fast as its first."""

from moto.secretsmanager.models import FakeSecret, ReplicaSecret, SecretsStore


class IndexedSecrets(SecretsStore):
    """Finds a secret by its name or its whole ARN in one look; moto compares all secrets, twice for each call."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, str] = {}

    def __setitem__(self, key: str, value: FakeSecret | ReplicaSecret) -> None:
        super().__setitem__(key, value)
        self._names[value.arn] = key

    def get(self, key: str) -> FakeSecret | ReplicaSecret | None:  # type: ignore[override] # as moto's own
        """The secret of that name or ARN, in part too; None where there is none."""
        found = dict.get(self, self._names.get(key, key))
        # A secret of the same name may have come after the one that was indexed.
        return found if found is not None and key in (found.arn, found.name) else super().get(key)
