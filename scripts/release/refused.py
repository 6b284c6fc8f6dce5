"""Why there is no release."""


class RefusedError(Exception):
    """Something is not as a release must have it. The message says what, and what to do."""
