"""``codegym sandbox``: what boxes left on this machine, and cleaning it up."""
