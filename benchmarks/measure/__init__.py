"""Measure what the functions take, alone and in fleets."""
