"""Who may sit where, and when."""
