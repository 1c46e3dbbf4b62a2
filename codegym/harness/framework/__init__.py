"""Test frameworks: each module runs one in a box and reads its results.

- ``pytest``: pytest. ``node``: Node's test runner.
- ``tap_program``: a program that prints TAP. ``tap``: the reader of TAP.
"""
