"""The engines whose secrets are examined, and the strategies that may rotate them: of the function, and from here."""

from secret_rotation.engines.mysql.examination import MySQLExaminer
from secret_rotation.engines.postgresql.examination import PostgreSQLExaminer
from secret_rotation.strategies.alternating_users import AlternatingUsers
from secret_rotation.strategies.single_user import SingleUser

EXAMINERS = (PostgreSQLExaminer, MySQLExaminer)
STRATEGIES = (SingleUser, AlternatingUsers)
