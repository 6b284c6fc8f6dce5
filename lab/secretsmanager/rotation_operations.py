"""RotateSecret and CancelRotateSecret."""

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from moto.secretsmanager.models import FakeSecret

from lab.secretsmanager import versions as rules_of
from lab.secretsmanager.backend import Rotation, StrictBackend
from lab.secretsmanager.errors import access_denied, invalid_request
from lab.secretsmanager.rotation_service import RotationService
from lab.secretsmanager.rules import RotationRules
from lab.secretsmanager.versions import CURRENT, PENDING, Version

Parameters = Mapping[str, Any]
Answer = dict[str, Any]
SETTLED_SECONDS = 30.0
"""How long a function's last invocation is waited for, once it has moved the labels."""


class RotationOperations:
    """One method an operation: it takes the request's parameters and gives the answer's members."""

    def __init__(self, backend: StrictBackend, service: RotationService) -> None:
        self._backend = backend
        self._service = service

    def rotate_secret(self, parameters: Parameters) -> Answer:
        """RotateSecret: configure, then begin a rotation or, with RotateImmediately=false, a test of it.

        Source: API reference, RotateSecret.
        """
        secret = self._backend.find(parameters["SecretId"])
        token = parameters.get("ClientRequestToken") or str(uuid.uuid4())
        rotation = self.configure(secret, parameters)
        if token in self._backend.versions(secret):  # the same request again
            return _answer(secret, token)
        self._refuse_if_incomplete(secret, rotation)
        if parameters.get("RotateImmediately", True):
            self.begin(secret, token)
            self._service.start(secret, token)
            return _answer(secret, token)
        self._begin_test(secret, token)
        return _answer(secret)

    def cancel_rotate_secret(self, parameters: Parameters) -> Answer:
        """CancelRotateSecret: turn rotation off; the labels stay where they are."""
        secret = self._backend.find(parameters["SecretId"])
        rotation = self._backend.rotations.get(secret.arn)
        if rotation is None:
            raise invalid_request("You can't cancel the rotation of a secret that has no rotation configured.")
        rotation.enabled = False
        rotation.next_rotation = None
        self._service.cancel(secret.arn)
        pending = rules_of.holder(self._backend.versions(secret), PENDING)
        return _answer(secret, pending)

    def configure(self, secret: FakeSecret, parameters: Parameters) -> Rotation:
        """Store what RotateSecret's parameters say of the function and the schedule, and enable rotation."""
        known = self._backend.rotations.get(secret.arn)
        arn = parameters.get("RotationLambdaARN") or (known.function_arn if known else None)
        given = parameters.get("RotationRules")
        rules = RotationRules.parse(given) if given is not None else (known.rules if known else None)
        function_arn = self._invocable(arn)
        rotation = known or self._backend.rotations.setdefault(secret.arn, Rotation(function_arn))
        rotation.function_arn, rotation.rules, rotation.enabled = function_arn, rules, True
        rotation.next_rotation = rules.next_rotation(rotation.last_rotated or self._backend.now()) if rules else None
        return rotation

    def _refuse_if_incomplete(self, secret: FakeSecret, rotation: Rotation) -> None:
        # By its labels a rotation is complete a moment before its last invocation has ended: that is waited for.
        is_running = partial(self._service.is_running, secret.arn)
        self._backend.settled.wait_for(lambda: self._incomplete(secret) or not is_running(), SETTLED_SECONDS)
        pending = self._incomplete(secret)
        if pending is None and not is_running():
            return
        if pending and not is_running():
            rotation.pending_token = pending
            self._service.start(secret, pending)
        raise invalid_request("A previous rotation isn't complete. That rotation will be reattempted.")

    def _incomplete(self, secret: FakeSecret) -> str | None:
        """The version of a rotation that is not complete."""
        versions = self._backend.versions(secret)
        pending = rules_of.holder(versions, PENDING)
        return None if pending == rules_of.holder(versions, CURRENT) else pending

    def begin(self, secret: FakeSecret, token: str) -> None:
        """Put AWSPENDING on a new version that has no value yet."""
        rotation = self._backend.rotations[secret.arn]
        self._backend.add_empty_version(secret, token)
        rules_of.attach(self._backend.versions(secret), PENDING, token)
        self._backend.changed(secret)
        rotation.pending_token = token
        rotation.token = str(uuid.uuid4())

    def _invocable(self, arn: str | None) -> str:
        if not arn:
            raise invalid_request("No Lambda rotation function ARN is associated with this secret.")
        if arn not in self._service.functions:
            raise access_denied(
                "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
                "access to the principal secretsmanager.amazonaws.com."
            )
        return arn

    def _begin_test(self, secret: FakeSecret, token: str) -> None:
        versions = self._backend.versions(secret)
        current = self._backend.value(versions, None, CURRENT)
        self._backend.add_empty_version(secret, token)
        versions[token].update(Version(**{**current, "version_id": token, "version_stages": []}))
        rules_of.attach(versions, PENDING, token)
        self._backend.changed(secret)
        self._service.start(secret, token, is_test=True)


def _answer(secret: FakeSecret, version_id: str | None = None) -> Answer:
    version = {"VersionId": version_id} if version_id else {}
    return {"ARN": secret.arn, "Name": secret.name, **version}
