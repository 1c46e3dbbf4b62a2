"""Makes small, plausible bugs in source code, as edits of a few characters.

A mutation edits the *text* at a place that is found in libcst's syntax tree. Formatting, comments and line numbers
around it stay as they are, so that its looks do not give the bug away. Every mutation is inside one function, and
every operator imitates a mistake that people make.

- ``mutation``: a mutation as data. ``scan``: finds all mutations of a module. ``site``: a function and its
  variables, as operators see them.
- ``calls``, ``expressions``, ``literals``, ``names``, ``order``, ``resources``, ``state``, ``statements``: the
  operators. ``slow``: mistakes that only cost work. ``removal``: removes the body of a function.
- ``braces``: finds functions in C, C++ and JavaScript. ``encoding``: reads sources that are not UTF-8.
"""

from codegym.mutate.mutation import Mutation, apply
from codegym.mutate.scan import OPERATORS, RARE, functions, mutations, scan

__all__ = ["OPERATORS", "RARE", "Mutation", "apply", "functions", "mutations", "scan"]
