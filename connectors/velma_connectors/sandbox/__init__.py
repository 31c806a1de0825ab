"""Stateful HTTP emulators of the outside systems, for the demo, rehearsals and tests. Loopback only."""
