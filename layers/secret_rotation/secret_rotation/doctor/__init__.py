"""The language of the doctor, which finds out whether a secret could rotate: its checks, and what they have found.

Two programs speak it: rotationctl, which asks AWS, and `secret_rotation.examination`, which runs within the database's
network. So nothing here loads a driver or a client of AWS.
"""
