"""Models: ``load`` loads and saves them, ``tiny`` makes a small one from nothing, and ``words`` is how
its tokenizer cuts texts.

Before anything is loaded, ``fit`` refuses what does not fit together; ``memory`` estimates what training needs.
"""
