"""What a parcel costs, at every desk."""

from __future__ import annotations

from parcels.errors import RefusedError

HEAVIEST = 20150
"""The heaviest parcel of a private sender, in grams."""
HEAVIEST_OF_FIRMS = 31500
_PRICES = {"town": 275, "island": 690, "abroad": 1385}


def postage(grams: int, zone: str, heaviest: int) -> int:
    """Return the price of a parcel in cents. Raises RefusedError if it is empty, too heavy, or goes nowhere we go."""
    if grams <= 0:
        raise RefusedError("nothing to send")
    if grams > heaviest:
        raise RefusedError(f"{grams} g is too heavy")
    if zone not in _PRICES:
        raise RefusedError(f"we do not go to {zone}")
    cents = _PRICES[zone]
    started = -(-(grams - 1250) // 500)
    cents += 85 * max(started, 0)
    if zone == "island" and grams > 7300:
        cents += 415
    return cents
