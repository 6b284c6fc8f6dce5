"""What `rotationctl recover --yes` does: the one safe step of the plan, if the secret is still as it was diagnosed."""

from dataclasses import dataclass

from rotationctl.exits import Exit, Failure
from rotationctl.logins import Login
from rotationctl.output import say
from rotationctl.plans import Deed, Step
from rotationctl.recovery import Diagnosis
from rotationctl.rotation import Rotator
from rotationctl.text import printable
from secret_rotation.labels import AWSCURRENT, AWSPENDING

QUESTIONS = {
    Deed.FOLLOW: "Follow it to its end?",
    Deed.ROTATE: "Rotate {name} now, and follow that to its end?",
    Deed.GIVE_UP: "Take AWSPENDING off version {pending} of {name}, rotate anew, and follow that to its end?",
    Deed.NAME_CURRENT: "Make version {version}, which logs in, AWSCURRENT of {name}?",
}


@dataclass(frozen=True, slots=True)
class Mender:
    """Does a step of a plan."""

    rotator: Rotator
    found: Diagnosis

    def question(self, step: Step) -> str:
        """What a person is asked before it is done."""
        secret, deed = self.found.secret, step.deed
        text = QUESTIONS[deed] if deed else ""
        return printable(text.format(name=secret.name, pending=secret.pending, version=step.version))

    def do(self, step: Step) -> Exit:
        """Do it, and say how it ended.

        Raises:
            Failure: the secret is not as it was any more, or the step could lock clients out; nothing was done.
        """
        secret = self.found.secret
        if step.deed is Deed.FOLLOW:
            return self.rotator.follow(secret, secret.pending)[0]
        if step.deed is Deed.GIVE_UP:
            self.require_way_back()
        self.rotator.require_unchanged(secret)
        if step.deed is Deed.NAME_CURRENT and step.version:
            return self._name_current(step.version)
        if step.deed is Deed.GIVE_UP:
            self.take_pending_off()
        return self.rotator.rotate(secret)[0]

    def take_pending_off(self) -> None:
        """Give up the rotation that is not complete.

        Raises:
            Failure: the label has moved meanwhile.
        """
        secret = self.found.secret
        if secret.pending:
            self._move(AWSPENDING, RemoveFromVersionId=secret.pending)
            say(printable(f"AWSPENDING is off version {secret.pending} of {secret.name}."))

    def require_way_back(self) -> None:
        """Another's function may never try what is given up: then AWSCURRENT has to log in.

        Raises:
            Failure: nobody knows whether it does.
        """
        secret, logins = self.found.secret, self.found.logins
        if secret.function is None and (logins is None or logins.of(secret.current) is not Login.ACCEPTED):
            raise Failure(
                f"{printable(secret.name)} is rotated by a function that is not of this product, which may never try "
                "the password that would be given up, and nobody knows whether AWSCURRENT logs in. Nothing was done. "
                f"Find out: {printable(self.rotator.adviser.recover(secret, '--local'))}",
                Exit.NOT_FINE,
            )

    def _name_current(self, version: str) -> Exit:
        secret = self.found.secret
        former = {"RemoveFromVersionId": secret.current} if secret.current else {}
        self._move(AWSCURRENT, MoveToVersionId=version, **former)
        say(printable(f"Version {version} of {secret.name}, which logs in, is AWSCURRENT."))
        say(self.rotator.adviser.recover(secret))
        return Exit.FINE

    def _move(self, label: str, **versions: str) -> None:
        """Move a label, from the very version that was seen to have it.

        Source: Secrets Manager API Reference, UpdateSecretVersionStage: a RemoveFromVersionId that does not have the
        label, and one that is missing where another version has it, are InvalidParameterException.
        """
        client, secret = self.rotator.client, self.found.secret
        moved = (client.exceptions.InvalidParameterException, client.exceptions.InvalidRequestException)
        try:
            client.update_secret_version_stage(SecretId=secret.arn, VersionStage=label, **versions)
        except moved:
            raise Failure(
                f"{label} of {printable(secret.name)} has moved since it was read, so it was left where it is. "
                "Run the same command again.",
                Exit.NOT_FINE,
            ) from None
