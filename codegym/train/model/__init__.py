"""Models: ``load`` loads and saves them, ``tiny`` makes a small one from nothing.

Before anything is loaded, ``fit`` refuses what does not fit together; ``memory`` estimates what training needs.
"""
