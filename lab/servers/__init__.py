"""Real database servers for the lab: started from nothing, gone with the process that started them."""

from lab.servers.certificates import LOCAL_NAMES, Certificate, CertificateAuthority, default_authority
from lab.servers.model import (
    DatabaseServer,
    Login,
    ProvisionError,
    ServerError,
    ServerFacts,
    ServerStartError,
    SharedServerError,
)
from lab.servers.mysql import MySQLServer
from lab.servers.mysql_instance import start_mysql
from lab.servers.postgres import PostgresServer
from lab.servers.postgres_instance import start_postgres, start_replica
from lab.servers.postgres_software import supported_majors

__all__ = [
    "LOCAL_NAMES",
    "Certificate",
    "CertificateAuthority",
    "DatabaseServer",
    "Login",
    "MySQLServer",
    "PostgresServer",
    "ProvisionError",
    "ServerError",
    "ServerFacts",
    "ServerStartError",
    "SharedServerError",
    "default_authority",
    "start_mysql",
    "start_postgres",
    "start_replica",
    "supported_majors",
]
