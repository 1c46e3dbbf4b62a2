"""Makes forms of tests: edits after which right code fails a test. A task's bank contains them.

:mod:`bank` is the file format. :mod:`proving` makes banks: it runs what :mod:`proposal` proposes, in the order of
:mod:`rounds`, by means of :mod:`trials`; :mod:`rehearsal` is the last test. Checks are found by
:mod:`python_module` and :mod:`python_checks`, or by :mod:`text_checks` in C and JavaScript. :mod:`python_values`
and :mod:`literal` draw substitutes for values. :mod:`oracle` replaces computed values if :mod:`pure` and
:mod:`names` show that they do not depend on the code under test. :mod:`cases` knows the names of parametrized
tests. :mod:`edit` is a change of a file.
"""
