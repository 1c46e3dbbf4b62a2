"""From a patch to a verdict that the agent can't reach. See :mod:`codegym.grade.grade`."""
