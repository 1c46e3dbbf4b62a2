"""Running tests in a box and reading what they established. See :mod:`codegym.harness.result`."""
