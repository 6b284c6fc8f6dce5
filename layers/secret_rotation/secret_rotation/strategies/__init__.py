"""The ways of rotating: one file each."""
