"""The credentials that the versions of one secret hold, as one rotation reads them."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from secret_rotation.errors import InvalidSecretError, SecretStoreError
from secret_rotation.labels import AWSPREVIOUS
from secret_rotation.model import Credentials, SecretFormat
from secret_rotation.secret import SecretStore

_log = logging.getLogger(__name__)

MAX_ORPHANS_READ = 10
"""Only the last few cancelled rotations can have left the password that works."""


@dataclass(frozen=True, slots=True)
class Version:
    """Credentials, and what to call the version that holds them in a message."""

    name: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class OlderVersions:
    """The versions besides AWSCURRENT and AWSPENDING, read one by one and only as far as somebody asks.

    A version that cannot be read, is malformed, or is for another server, is left out: no use, and no reason to fail.
    """

    store: SecretStore
    secret_arn: str
    expected: SecretFormat
    current: Credentials

    def orphans(self) -> Iterator[Version]:
        """Versions that cancelled rotations left without a label, newest first."""
        try:
            version_ids = self.store.orphaned_versions(self.secret_arn)
        except SecretStoreError as error:
            _log.warning("Versions without a label could not be listed, so none of them is tried: %s", error)
            return
        for version_id in version_ids[:MAX_ORPHANS_READ]:
            yield from self._read(f"version {version_id}", version_id=version_id)

    def previous(self) -> Iterator[Version]:
        """AWSPREVIOUS, if there is one."""
        yield from self._read(AWSPREVIOUS, stage=AWSPREVIOUS)

    def all(self) -> Iterator[Version]:
        """The orphans, then AWSPREVIOUS."""
        yield from self.orphans()
        yield from self.previous()

    def _read(self, name: str, *, stage: str | None = None, version_id: str | None = None) -> Iterator[Version]:
        try:
            stored = self.store.read(self.secret_arn, stage=stage, version_id=version_id)
            credentials = Credentials.parse(stored.text, f"{self.secret_arn} ({name})", self.expected)
        except (SecretStoreError, InvalidSecretError) as error:
            _log.info("Passing over %s: %s", name, error)
            return
        if credentials.same_server(self.current):
            yield Version(name, credentials)
