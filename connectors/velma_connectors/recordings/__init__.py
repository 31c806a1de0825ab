"""Audio of calls, from the hosts that keep it to a checked file on the local disk."""
