"""Programs that run inside a box, where they are sent as text. codegym itself imports none of them."""
