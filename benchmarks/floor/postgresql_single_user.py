"""PostgreSQL, single user: 8 calls and 2 logins."""

import secrets_manager
from postgresql import log_in, set_password, test


def lambda_handler(event: secrets_manager.Event, context: object) -> None:  # noqa: ARG001 - Lambda's signature
    """Rotate, in a straight line."""
    match event["Step"]:
        case "createSecret":
            secrets_manager.create_secret(event, alternate=False)
        case "setSecret":
            pending = secrets_manager.pending(event)
            with log_in(secrets_manager.current(event)) as driver:
                set_password(driver, pending["username"], pending["password"])
        case "testSecret":
            with log_in(secrets_manager.pending(event)) as driver:
                test(driver)
        case "finishSecret":
            secrets_manager.finish_secret(event)
