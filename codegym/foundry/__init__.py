"""Makes and certifies tasks.

- ``repository/``: reads a repository: where it comes from, what it declares, which tests reach which lines.
- ``draft/``: tasks in the making: which edits to try, trying them in boxes.
- ``forge/``: from any repository to a suite of tasks. ``recipe/``: from pinned packages to a suite with a lock.
- ``certify/``: runs what the tasks of any suite claim, and keeps the certificates.
- ``issue``: the words in which an agent is told of a failure.
"""
