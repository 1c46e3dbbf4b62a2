"""The desk for people who come in."""

from __future__ import annotations

from parcels.errors import RefusedError


def stamp(sender: str, grams: int, zone: str) -> str:
    """Return what is printed on the parcel."""
    if grams <= 0:
        raise RefusedError("nothing to send")
    if grams > 20150:
        raise RefusedError(f"{grams} g is too heavy")
    if zone == "town":
        cents = 275
    elif zone == "island":
        cents = 690
    elif zone == "abroad":
        cents = 1385
    else:
        raise RefusedError(f"we do not go to {zone}")
    if grams > 1250:
        cents += 85 * ((grams - 1250 + 499) // 500)
    if zone == "island" and grams > 7300:
        cents += 415
    return f"{sender}: {cents // 100}.{cents % 100:02} paid"
