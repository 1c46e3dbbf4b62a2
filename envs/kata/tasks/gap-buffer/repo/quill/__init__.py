"""The buffer under a very small editor."""
