"""Sharing out the tips of the Blue Kettle café, to the cent."""

from tipjar.money import divide_half_even, percent, share

__all__ = ["divide_half_even", "percent", "share"]
