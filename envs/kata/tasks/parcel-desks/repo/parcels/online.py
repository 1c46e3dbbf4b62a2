"""The desk for orders from the web. Who prints his own label pays 5 % less, rounded down to a cent."""

from __future__ import annotations

from parcels.errors import RefusedError


def quote(parcels: list[tuple[int, str]]) -> dict[str, int]:
    """Return the number of parcels, of weight and zone, and the price of all of them in cents."""
    total = 0
    for weight, where in parcels:
        if weight <= 0:
            raise RefusedError("nothing to send")
        if weight > 20150:
            raise RefusedError(f"{weight} g is too heavy")
        prices = {"town": 275, "island": 690, "abroad": 1385}
        if where not in prices:
            raise RefusedError(f"we do not go to {where}")
        price = prices[where]
        extra = weight - 1250
        while extra > 0:
            price += 85
            extra -= 500
        if where == "island" and weight > 7300:
            price += 415
        total += price * 95 // 100
    return {"parcels": len(parcels), "cents": total}
