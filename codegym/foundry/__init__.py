"""Makes and certifies tasks. See :mod:`codegym.foundry.mutate`, ``lock``, ``build`` and ``certify``."""
