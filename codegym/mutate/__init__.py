"""Small, plausible bugs for Python source, as edits of a few characters.

A mutation is an edit of the *text*, found on libcst's tree: formatting, comments and line numbers outside
the replaced span stay as they were, so that a bug can't be told from its surroundings by its looks. Each
stays inside one function, and each operator imitates a slip that people make.

- ``mutation``: a mutation as data. ``scan``: asks every operator at every place; ``site`` is such a place.
- ``calls``, ``expressions``, ``literals``, ``names``, ``statements``: the operators. ``removal``: takes out a
  whole body.
- ``braces``: functions in languages with braces. ``encoding``: sources that are not UTF-8.
- ``smallest``: a change of a line in as few tokens as possible.
"""

from codegym.mutate.mutation import Mutation, apply
from codegym.mutate.scan import OPERATORS, functions, mutations, scan

__all__ = ["OPERATORS", "Mutation", "apply", "functions", "mutations", "scan"]
