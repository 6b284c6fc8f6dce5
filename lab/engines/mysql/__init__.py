"""MySQL in the lab: its servers, its protocol, its users."""

from lab.engines.mysql.kit import MySQLKit
from lab.engines.mysql.server import MySQLServer
from lab.engines.mysql.start import start_mysql

__all__ = ["MYSQL", "MySQLServer", "start_mysql"]

MYSQL = MySQLKit()
