"""Makes tasks and certifies them. Each folder uses only those above it in this list.

- ``issue``: plain instructions, without execution. ``stoppable``: closes all boxes at Ctrl-C.
  ``limits``: of the boxes in which tasks are made.
- ``record/``: what tests call in a package, and what comes of it, recorded in a box.
- ``repository/``: reads a repository: where it comes from, what it declares, which tests reach which lines.
- ``holdout/``: which tests the agent does not get, and how they are removed from its tree.
- ``draft/``: edits that may become tasks: which ones to try, and what each of them does to the tests.
- ``describe/``: writes instructions from what the code does when it is executed.
- ``counted/``: edits that make code slower, and tests that count the lines that are run.
- ``certify/``: runs what the tasks of any suite claim, and writes the certificates.
- ``forge/``: makes a suite of tasks from any repository. ``recipe/``: makes a suite, with a lock, from pinned
  packages. ``handmade/``: starts and completes suites that a person writes.
"""
