"""The doctor's half that stands within the database's network: it looks at a secret's way to its database.

It writes nothing anywhere, and never logs in by a password that was rejected before.
"""
