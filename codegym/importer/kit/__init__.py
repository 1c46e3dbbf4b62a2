"""Files that imported tasks bring along: they run in boxes, and import nothing of codegym."""
