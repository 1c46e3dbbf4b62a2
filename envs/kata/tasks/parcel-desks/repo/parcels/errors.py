"""What a desk answers when it does not take a parcel."""


class RefusedError(Exception):
    """The parcel is not taken; the message says why."""
