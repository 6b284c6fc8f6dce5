"""What to type where the database cannot be reached from here."""

from collections.abc import Iterator

from rotationctl.by_hand import ByHand, by_hand
from rotationctl.functions import ALTERNATING_USERS
from rotationctl.leaks.leak import Leak
from rotationctl.plans import Step
from rotationctl.remedies import Adviser
from secret_rotation.labels import AWSCURRENT, AWSPREVIOUS

BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"


def steps(leak: Leak, adviser: Adviser) -> Iterator[Step]:
    """Show the sessions that are open, end them, and prove that the leaked password is dead."""
    function = leak.secret.function
    if function is None:
        why = "End the sessions that are open under its user's name, and log in once with the leaked password."
        yield Step(why, None)
        return
    client = by_hand(function.engine)
    labels = [AWSCURRENT, AWSPREVIOUS] if function.strategy == ALTERNATING_USERS else [AWSCURRENT]
    where = f"Where the database can be reached, in a folder with {BUNDLE}, with aws, python3 and {client.PROGRAM}"
    for label in labels:
        read = {"VersionStage": label}
        show = adviser.with_value(leak.secret, client.RUN, client.SHOW_SESSIONS, read)
        yield Step(f"{where}: show the sessions that are open under the user of {label}.", show)
        end = adviser.with_value(leak.secret, client.RUN, client.END_SESSIONS, read)
        yield Step("End them.", end)
    yield Step("Prove that the leaked password is refused, by one login.", _proof(leak, client, adviser))


def _proof(leak: Leak, client: ByHand, adviser: Adviser) -> str:
    return adviser.with_value(leak.secret, client.RUN, client.LOG_IN, {"VersionId": leak.version})
