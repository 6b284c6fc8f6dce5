"""A password that has leaked: rotations until it is dead, the sessions that are left, and the proof."""
