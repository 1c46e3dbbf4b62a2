"""Writes suites and results in the forms that others read."""
