"""The desk for firms. They may send heavier parcels, all of a day at once, and get one bill."""

from __future__ import annotations

from parcels.tariff import HEAVIEST_OF_FIRMS, postage


def bill(firm: str, zone: str, weights: list[int]) -> str:
    """Return the bill for parcels that all go to one zone."""
    prices = [postage(grams, zone, HEAVIEST_OF_FIRMS) for grams in weights]
    lines = [f"{number}. {grams} g: {cents}" for number, (grams, cents) in enumerate(zip(weights, prices), 1)]
    return "\n".join([f"Bill for {firm}", *lines, f"Total: {sum(prices)}"])
