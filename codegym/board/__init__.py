"""Scores from episodes, and tables and pages from scores. Nothing here uses a sandbox."""
