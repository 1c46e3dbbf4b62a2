"""codegym: an RL gym for autonomous coding agents.

Importing this package does nothing and loads nothing heavy. Environments are made with
``gymnasium.make("codegym/kata-v1")``; everything else is reached by module, for example
``from codegym.env import CodeEnv``.
"""

__version__ = "0.1.0"
