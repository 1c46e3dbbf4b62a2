"""Measuring a policy.

- ``attempts``: plays every task of a split equally often, and makes an entry of it.
- ``folder``: the folder of an evaluation's episodes, and how they were played.
"""
