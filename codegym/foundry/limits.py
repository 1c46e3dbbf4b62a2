"""The limits of the boxes in which tasks are made."""

from __future__ import annotations

from codegym.task import Limits

FORGE_LIMITS = Limits(command_seconds=700, grade_seconds=700, memory_mb=2048, disk_mb=1024, output_kb=65536)
"""They are wide: a task gets limits of its own."""
