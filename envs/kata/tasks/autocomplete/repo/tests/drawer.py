"""A drawer of cards that counts how often somebody walks to it."""

from collections.abc import Sequence


class Drawer(Sequence):
    def __init__(self, words):
        self._words = sorted(words)
        self.walks = 0

    def __len__(self):
        return len(self._words)

    def __getitem__(self, position):
        picked = self._words[position]
        self.walks += len(picked) if isinstance(position, slice) else 1
        return picked

    def __iter__(self):
        for position in range(len(self)):
            yield self[position]
