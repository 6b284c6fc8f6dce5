"""Many rotations, a few at a time: which secrets, in which order, how far, and what became of each."""
