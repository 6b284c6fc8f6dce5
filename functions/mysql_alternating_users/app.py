"""The Lambda function that rotates MySQL secrets: two users take turns."""

from secret_rotation.engines.mysql import MySQL
from secret_rotation.handler import rotation_handler
from secret_rotation.strategies.alternating_users import AlternatingUsers

lambda_handler = rotation_handler(MySQL, AlternatingUsers)
