"""Programs that run inside a box, sent there as text. Nothing here is imported by codegym itself."""
