"""Holds tests out of the agent's tree."""
