"""PostgreSQL: RDS and Aurora, version 14 and newer."""

from secret_rotation.engines.postgresql.engine import PostgreSQL

__all__ = ["PostgreSQL"]
