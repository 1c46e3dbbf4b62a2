"""What an agent can do, and the dialects it may say it in. See :mod:`codegym.tool.tools`."""
