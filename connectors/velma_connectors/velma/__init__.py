"""Velma-2 batch by Modulate: one synchronous request per recording."""
