"""Estimate what AWS's quotas allow and what a fleet costs there."""
