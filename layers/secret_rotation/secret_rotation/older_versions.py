"""The credentials that the versions of one secret hold, as one rotation reads them."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

from secret_rotation.credentials import Credentials, SecretFormat
from secret_rotation.deadline import MINIMUM_SECONDS, Deadline
from secret_rotation.errors import InvalidSecretError, SecretStoreError
from secret_rotation.labels import AWSPREVIOUS
from secret_rotation.store import SecretStore

_log = logging.getLogger(__name__)

MAX_UNLABELLED_READ = 10
"""Of each kind: only the last few can hold the password that works."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the secret.

    Attributes:
        name: what messages call it: "AWSCURRENT", "version 5f0c...".
    """

    name: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class OlderVersions:
    """The versions besides AWSCURRENT and AWSPENDING, read one by one and only as far as somebody asks.

    A version that may not be read, is malformed, or is for another server, is left out: no use, and no reason to fail.

    Both ways to read them raise SecretStoreError where Secrets Manager is merely too busy, or does not answer, because
    then nobody knows which version works; and RotationError where the invocation's time is used up.

    Attributes:
        expected: what the engine expects of a secret.
        current: AWSCURRENT; versions for another server are left out.
    """

    store: SecretStore
    secret_arn: str
    expected: SecretFormat
    current: Credentials
    deadline: Deadline

    def orphans(self) -> Iterator[Version]:
        """Versions made since AWSCURRENT that have lost their label, newest first: what cancelled rotations left."""
        orphans, _ = self._unlabelled()
        yield from self._read_all(orphans)

    def all(self) -> Iterator[Version]:
        """The orphans, then AWSPREVIOUS, then what is older than AWSCURRENT and has no label, newest first.

        The database has one of the last where it was restored from a snapshot, or where AWSCURRENT was put by hand in
        the middle of a rotation that had set its password already.
        """
        orphans, superseded = self._unlabelled()
        yield from self._read_all(orphans)
        yield from self._read(AWSPREVIOUS, stage=AWSPREVIOUS)
        yield from self._read_all(superseded)

    def _unlabelled(self) -> tuple[list[str], list[str]]:
        try:
            return self.store.unlabelled_versions(self.secret_arn)
        except SecretStoreError as error:
            if error.passes:
                raise
            _log.warning("Versions without a label could not be listed, so none of them is tried: %s", error)
            return [], []

    def _read_all(self, version_ids: list[str]) -> Iterator[Version]:
        for version_id in version_ids[:MAX_UNLABELLED_READ]:
            yield from self._read(f"version {version_id}", version_id=version_id)

    def _read(self, name: str, *, stage: str | None = None, version_id: str | None = None) -> Iterator[Version]:
        self.deadline.at_most(MINIMUM_SECONDS)  # or nothing more is read
        try:
            stored = self.store.read(self.secret_arn, stage=stage, version_id=version_id)
            credentials = Credentials.parse(stored.text, f"{self.secret_arn} ({name})", self.expected)
        except (SecretStoreError, InvalidSecretError) as error:
            if isinstance(error, SecretStoreError) and error.passes:
                raise
            _log.info("Passing over %s: %s", name, error)
            return
        if credentials.same_server(self.current):
            # That server has one certificate, and what AWSCURRENT says of it may be newer.
            yield Version(name, replace(credentials, tlsname=self.current.tlsname))
