"""What the functions take, measured: against a floor, in fleets, and on AWS as far as that can be computed."""
