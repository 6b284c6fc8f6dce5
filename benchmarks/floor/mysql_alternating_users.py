"""MySQL, alternating users: 9 calls and 3 logins."""

import secrets_manager
from mysql import log_in, make_clone, run


def lambda_handler(event: secrets_manager.Event, context: object) -> None:  # noqa: ARG001 - Lambda's signature
    """Rotate, in a straight line."""
    match event["Step"]:
        case "createSecret":
            secrets_manager.create_secret(event, alternate=True)
        case "setSecret":
            pending, current = secrets_manager.pending(event), secrets_manager.current(event)
            superuser = secrets_manager.superuser(current)
            with log_in(current) as driver:
                run(driver, "SELECT CURRENT_USER()")
            with log_in(superuser) as driver:
                original = pending["username"].removesuffix("_clone")
                make_clone(driver, original, original + "_clone")
                run(driver, "ALTER USER %s IDENTIFIED BY %s", (pending["username"], pending["password"]))
        case "testSecret":
            with log_in(secrets_manager.pending(event)) as driver:
                run(driver, "SELECT CURRENT_USER()")
        case "finishSecret":
            secrets_manager.finish_secret(event)
