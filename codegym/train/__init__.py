"""Training: the only place that knows TRL and the optimiser.

A run is a TOML file with a list of phases.

- ``config`` reads the file; ``section`` and ``older_form`` say what is wrong with it.
- ``run`` carries out the phases, one after the other, and knows no algorithm.
- ``folder`` says what is where in a run's folder; ``report`` sums a run up; ``trained`` finds how a policy was
  trained.
- ``algorithm/`` has one module per kind of phase, ``data/`` turns episodes into what models train on, ``model/``
  makes, loads and saves models.
"""
