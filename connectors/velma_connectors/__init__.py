"""Every door to the outside world: CRMs, Velma and the hosts of recordings."""
