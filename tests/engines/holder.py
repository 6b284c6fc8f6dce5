"""The secret that the pairs of users of these tests belong to."""

HOLDER = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:test/app"
