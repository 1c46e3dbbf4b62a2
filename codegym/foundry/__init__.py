"""Makes tasks and certifies them. Each folder uses only those above it in this list.

- ``issue``: the instructions that agents get. ``stoppable``: closes all boxes at Ctrl-C.
- ``repository/``: reads a repository: where it comes from, what it declares, which tests reach which lines.
- ``draft/``: edits that may become tasks: which ones to try, and what each of them does to the tests.
- ``counted/``: edits that make code slower, and tests that count the lines that are run.
- ``certify/``: runs what the tasks of any suite claim, and writes the certificates.
- ``forge/``: makes a suite of tasks from any repository. ``recipe/``: makes a suite, with a lock, from pinned
  packages. ``handmade/``: starts and completes suites that a person writes.
"""
