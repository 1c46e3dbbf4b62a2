"""``codegym play``: a person takes an episode by hand."""
