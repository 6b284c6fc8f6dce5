"""MySQL, single user: 8 calls and 2 logins."""

import secrets_manager
from mysql import log_in, run

CHANGE = "ALTER USER USER() IDENTIFIED BY %s REPLACE %s RETAIN CURRENT PASSWORD"


def lambda_handler(event: secrets_manager.Event, context: object) -> None:  # noqa: ARG001 - Lambda's signature
    """Rotate, in a straight line."""
    match event["Step"]:
        case "createSecret":
            secrets_manager.create_secret(event, alternate=False)
        case "setSecret":
            pending, current = secrets_manager.pending(event), secrets_manager.current(event)
            with log_in(current) as driver:
                run(driver, CHANGE, (pending["password"], current["password"]))
        case "testSecret":
            with log_in(secrets_manager.pending(event)) as driver:
                run(driver, "SELECT CURRENT_USER()")
        case "finishSecret":
            secrets_manager.finish_secret(event)
