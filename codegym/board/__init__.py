"""Episodes become numbers, numbers become tables and pages. Nothing here ever touches a sandbox."""
