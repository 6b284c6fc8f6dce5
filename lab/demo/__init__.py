"""Rotate real databases before your eyes: ``make demo``."""
