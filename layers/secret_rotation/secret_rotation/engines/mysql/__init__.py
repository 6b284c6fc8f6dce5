"""MySQL: RDS, version 8.0 and newer, and Aurora, version 3 and newer."""

from secret_rotation.engines.mysql.engine import MySQL

__all__ = ["MySQL"]
