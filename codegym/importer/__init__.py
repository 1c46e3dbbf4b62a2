"""Reads what others publish as tasks, benchmarks and results. See :mod:`codegym.importer.formats`."""
