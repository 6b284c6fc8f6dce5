"""rotationctl: what rotates, what does not, and what to type next."""

from secret_rotation import __version__

__all__ = ["REPOSITORY", "__version__"]

REPOSITORY = "https://github.com/secret-rotation/secret-rotation"
"""Where the source and the documents of each version are."""
