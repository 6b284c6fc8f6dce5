"""The Lambda function that rotates MySQL secrets: one user changes its own password."""

from secret_rotation.engines.mysql import MySQL
from secret_rotation.handler import rotation_handler
from secret_rotation.strategies.single_user import SingleUser

lambda_handler = rotation_handler(MySQL, SingleUser)
