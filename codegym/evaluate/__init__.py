"""The one evaluation, for the command line, training and boards.

- ``attempts``: plays the same number of episodes of every task. ``setting``: who plays what, where.
- ``measure``: a board's question to a policy, and the entry that answers it.
- ``folder``: the folder of an evaluation's episodes, and the record of how they were played.
- ``predictions``: grades patches that were made elsewhere.
"""
