"""PostgreSQL in the lab: its servers, its protocol, its users."""

from lab.engines.postgresql.kit import PostgreSQLKit
from lab.engines.postgresql.server import PostgresServer
from lab.engines.postgresql.software import supported_majors
from lab.engines.postgresql.start import start_postgres, start_replica

__all__ = ["POSTGRESQL", "PostgresServer", "start_postgres", "start_replica", "supported_majors"]

POSTGRESQL = PostgreSQLKit()
