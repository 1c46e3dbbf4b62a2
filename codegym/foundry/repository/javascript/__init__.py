"""Reads what is JavaScript's own of a repository.

- ``package_json``: its scripts and requirements. ``runner``: how its tests run.
- ``modules``: an image with the packages of npm that it needs.
"""
