"""Attaching a rotation function to secrets, without rotating them: tested, and undone where the test fails."""
