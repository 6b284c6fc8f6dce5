"""Who may log in to a server, as a superuser sees it from here."""

from rotationctl.by_hand import engine_of
from rotationctl.exits import Exit, Failure
from rotationctl.local.database import LOGIN_SECONDS, engines
from rotationctl.local.option import Local
from rotationctl.text import printable
from secret_rotation.credentials import SuperuserSecret
from secret_rotation.deadline import Deadline, Work
from secret_rotation.engine import LoginAccount
from secret_rotation.errors import RotationError


def login_accounts(
    text: str, name: str, called: str | None, place: tuple[str, int] | None, local: Local
) -> tuple[tuple[str, int], list[LoginAccount]]:
    """Log in as a superuser, and look.

    Args:
        text: the superuser's secret.
        name: how messages call it.
        called: what RDS, or the secret, calls the engine.
        place: host and port of the database, where the secret names none.
        local: how databases are reached from here.

    Returns:
        Where that was, and who may log in.

    Raises:
        Failure: the secret cannot be used, or the superuser cannot log in, or may not see the accounts.
    """
    known = engine_of(called)
    if known is None:
        raise Failure(f"{name} names no engine that is known here: put the key 'engine' into it.", Exit.NOT_FINE)
    engine = next(engine for engine in engines(local) if engine.name == known[0])
    try:
        secret = SuperuserSecret.parse(text, name, engine.secret_format)
        if secret.host is None and place is None:
            raise Failure(f"{name} names no host, and RDS knows no database of it.", Exit.NOT_FINE)
        host, port = (secret.host, secret.port) if secret.host and secret.port else place or ("", 0)
        reached = local.reach(secret.at(host, port))
        with engine.connect_superuser(reached, Deadline.after(LOGIN_SECONDS, Work.LOGIN)) as session:
            return (host, port), session.login_accounts()
    except RotationError as error:
        raise Failure(printable(str(error)), Exit.NOT_FINE) from None
