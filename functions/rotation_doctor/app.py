"""The Lambda function that examines secrets of all engines where their databases can be reached."""

from secret_rotation.examination.handler import doctor_handler
from secret_rotation.examination.supported import EXAMINERS, STRATEGIES

lambda_handler = doctor_handler(EXAMINERS, STRATEGIES)
