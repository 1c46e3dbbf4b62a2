"""A post office with three desks."""
