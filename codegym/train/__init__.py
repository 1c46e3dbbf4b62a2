"""Training: the only place that knows TRL and the optimiser. See :mod:`codegym.train.run`."""
