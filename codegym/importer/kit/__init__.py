"""Files that are part of imported tasks. They run in boxes and import nothing of codegym.

- ``log_tap.py``: turns a test command's log into TAP. ``closeness.py``: the part of numpy that some tests use.
- The C and JavaScript files are parts of test programs.
"""
