"""Episodes as training data: ``conversation`` for imitation, ``trajectory`` for reinforcement learning."""
