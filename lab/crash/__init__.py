"""The crash table: a rotation killed at every point where it can die, and what heals it."""
