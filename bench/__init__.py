"""Measures what the daemon costs: waiting, requests, memory, idle time, start-up. See README.md."""
