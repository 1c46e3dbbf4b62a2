"""Makes forms of tests: edits after which right code fails a test. A task's bank contains them.

- ``bank``: the file format. ``proving``: makes a bank: ``proposal`` proposes edits, ``rounds`` decides their
  order, ``trials`` runs them, and ``rehearsal`` runs whole exams at the end. ``unpatched``: where the tests fail
  without a patch.
- ``python_module``, ``python_checks``: find the checks in Python. ``certain``: code that is always reached.
  ``expected``: values that are only compared. ``table``: rows of tables and parametrized cases. ``cases``: the
  cases' names.
- ``text_checks``, ``text_literals``, ``expect``: find the checks in C and JavaScript. ``blocks``: splits such text
  into statements.
- ``python_values``, ``literal``: draw substitutes for values. ``oracle``: replaces computed values, if they are
  ``pure``, which ``names`` helps to find out: no part of the code under test.
- ``edit``: a change of a file.
"""
