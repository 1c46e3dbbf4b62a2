"""Forms of tests: what can be changed in a test so that right code fails it, and the banks that hold such changes.

:mod:`bank` is what is kept of a task. :mod:`proving` makes it: :mod:`proposal` says what could be tried, from the
checks that :mod:`python_checks` and :mod:`text_checks` find, with substitutes by :mod:`python_values` and
:mod:`literal`; :mod:`cases` knows the names of parametrized tests. :mod:`edit` is a change of a file.
"""
