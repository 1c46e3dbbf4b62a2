"""Makes small tasks from a seed: programs with a fault, and the tests that show it.

A suite whose folder has a ``families.toml`` is *generated*: its tasks are made when they are asked for, and equal
ids give equal tasks on every machine. Nothing here is drawn from Python's own random numbers, hashes or clock.

- ``stream``: the random numbers. ``expression``: expressions, in code and in words, and faults in them.
- ``family``: reads ``families.toml``. ``program``: one program of a family, right and with a fault.
- ``made_up``: families put together at random, of the sentences in ``phrases.toml``.
- ``cases``: calls of a program, their results, and the choice of those that become tests.
- ``make``: a task of one id. ``tasks``: all tasks of a suite, by id, made on demand.
"""
