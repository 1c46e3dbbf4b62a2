"""What a base model reads: episodes that are written, not played, exactly as the env would show them.

- ``written``: one episode as a conversation. ``reports``: what tests say.
- ``generated``: faults in programs of a generated suite; these are executed here, since they are the generator's
  own.
- ``rename``: gives programs names of random syllables.
- ``library``: faults in functions of Python's library and of installed packages; nothing is executed.
- ``stream``: both mixed, without end, as rows of ids.
"""
