"""Policy and env make episodes: many at once, each written down as it ends."""
