"""What is raised for patterns that nobody can knit."""


class PatternError(ValueError):
    """This is no pattern; the message says why."""
