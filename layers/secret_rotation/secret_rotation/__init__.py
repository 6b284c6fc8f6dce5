"""Rotate database passwords that AWS Secrets Manager keeps."""

__version__ = "0.1.0"
"""Of the functions, and of rotationctl, whose package takes it from here. The template's output states it too."""
