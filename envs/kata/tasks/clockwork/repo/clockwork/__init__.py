"""Simulated time for the town hall's mechanical clock."""

from clockwork.scheduler import Event, Scheduler

__all__ = ["Event", "Scheduler"]
