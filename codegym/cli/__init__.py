"""The command line: one console script, a module a verb; parsing and printing only."""
