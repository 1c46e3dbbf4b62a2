"""Patterns in words. PATTERNS.md says what charts and words look like."""

from __future__ import annotations
