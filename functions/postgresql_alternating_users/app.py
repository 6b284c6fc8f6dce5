"""The Lambda function that rotates PostgreSQL secrets: two users take turns."""

from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.handler import rotation_handler
from secret_rotation.strategies.alternating_users import AlternatingUsers

lambda_handler = rotation_handler(PostgreSQL, AlternatingUsers)
