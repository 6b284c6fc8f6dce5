"""What became of a secret's rotations, and who changed it by hand: CloudTrail and the function's log, joined.

`trail` and `log` read, `joining` joins what they found into the `entries`, and `report` shows them.
"""
