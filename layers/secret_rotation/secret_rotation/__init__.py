"""Rotate database passwords that AWS Secrets Manager keeps."""
