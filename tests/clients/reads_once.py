"""A client as it should not be: it reads the secret when it starts, and never again."""

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "examples" / "clients"))

from rotating_secret import RotatingSecret
from service import serve
from with_sqlalchemy import DRIVERS


def main() -> None:
    """Serve."""
    values = RotatingSecret(os.environ["SECRET_ID"]).values()
    _, driver = DRIVERS[values["engine"]]
    serve(lambda: driver.connect(values).close())


if __name__ == "__main__":
    main()
