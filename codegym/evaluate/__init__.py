"""The one evaluation, for the command line, training and boards.

- ``attempts``: plays the same number of episodes of every task. ``setting``: the policy, and the envs it plays in.
- ``measure``: puts a board's question to a policy, and makes the entry that answers it.
- ``folder``: the folder of an evaluation's episodes, and the record of how they were played.
- ``predictions``: grades patches that were made elsewhere.
"""
