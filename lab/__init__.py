"""The local world: a strict Secrets Manager, a Lambda environment, and real database servers."""
