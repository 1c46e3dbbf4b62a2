"""Models: ``load`` loads and saves them, ``tiny`` makes a small one from nothing."""
