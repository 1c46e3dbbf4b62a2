"""What the exit codes mean; 0 is success. Documented for scripts in ``docs/cli.md``."""

FOUND_A_PROBLEM = 1
"""A check found a problem, a person did not solve the task, an entry does not verify."""

MISUSED = 2
"""The command line, a file or a name in it is wrong."""

INFRASTRUCTURE = 3
"""A sandbox, a grader or a policy failed; the same command may work another time or elsewhere."""
