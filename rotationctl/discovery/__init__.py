"""Which databases of RDS there are, which secrets are theirs, who rotates them, and what could be attached."""
