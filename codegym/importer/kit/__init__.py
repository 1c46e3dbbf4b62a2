"""Files that are part of imported tasks. They run in boxes and import nothing of codegym."""
