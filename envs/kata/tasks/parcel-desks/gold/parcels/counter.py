"""The desk for people who come in."""

from __future__ import annotations

from parcels.tariff import HEAVIEST, postage


def stamp(sender: str, grams: int, zone: str) -> str:
    """Return what is printed on the parcel."""
    cents = postage(grams, zone, HEAVIEST)
    return f"{sender}: {cents // 100}.{cents % 100:02} paid"
