"""Programs of the hold-out that run inside a box. codegym itself imports none of them."""
