"""Measures what a rotation costs: beside a floor that does nothing else, and in fleets of many secrets."""
