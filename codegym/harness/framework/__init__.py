"""Test frameworks: how each is run in a box, and how its answer is read.

- ``pytest``: pytest. ``node``: Node's test runner.
- ``tap_program``: a program that prints TAP. ``tap``: the reader of TAP.
"""
