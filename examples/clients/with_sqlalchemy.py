"""SQLAlchemy's pool, on either engine: a service that survives rotations.

What such a pool must not do:

- have user and password in its URL, as `create_engine("postgresql://shop:password@host/shop")`. They would be those of
  the first day for all of its life: once they have rotated away, each new connection is refused.
- throw its connections away when the secret changes. Open sessions go on; only new ones need the new password.
- send SET ROLE NONE when a connection comes back. On PostgreSQL with alternating users the clone would then act as
  itself. The ROLLBACK that SQLAlchemy sends is well.
"""

import os

from sqlalchemy import Engine, create_engine, text

import with_psycopg2
import with_pymysql
from rotating_secret import RotatingSecret
from service import serve

DRIVERS = {
    "postgres": ("postgresql+psycopg2", with_psycopg2),
    "aurora-postgresql": ("postgresql+psycopg2", with_psycopg2),
    "mysql": ("mysql+pymysql", with_pymysql),
    "aurora-mysql": ("mysql+pymysql", with_pymysql),
}
"""What to connect with, by the secret's "engine". A program that knows its database needs one of them."""


def pool(secret: RotatingSecret) -> Engine:
    """Make a pool whose new connections log in with what the secret says then."""
    dialect, driver = DRIVERS[secret.values()["engine"]]
    return create_engine(
        f"{dialect}://",  # no host, user or password here: `creator` asks the secret for them, each time
        creator=lambda: secret.log_in(driver.connect, driver.is_refusal),
        pool_pre_ping=True,  # a connection that was cut, as in a failover, is replaced before a request gets it
        pool_recycle=1800,  # none grows old: less than the interval of rotations, in seconds
        pool_timeout=30,  # longer than `log_in` waits
        pool_size=2,
        max_overflow=8,
    )


def main() -> None:
    """Serve."""
    engine = pool(RotatingSecret(os.environ["SECRET_ID"]))

    def request() -> None:
        with engine.begin() as session:
            session.execute(text("SELECT 1"))

    serve(request)


if __name__ == "__main__":
    main()
