"""Makes and certifies tasks. See :mod:`codegym.mutate`, ``lock``, ``build`` and ``certify``."""
