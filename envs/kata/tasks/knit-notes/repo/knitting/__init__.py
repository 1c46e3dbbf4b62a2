"""Knitting patterns, drawn and in words."""
