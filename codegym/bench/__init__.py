"""Measurements that ship with the product, so that a claim can be checked where it matters."""
