"""Read and write the keeper's spiral grids."""

from lighthouse.spiral import unwind, wind

__all__ = ["unwind", "wind"]
