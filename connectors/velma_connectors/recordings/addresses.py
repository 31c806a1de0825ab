"""Which addresses a recording may be fetched from: public ones, so that a link reaches no inner network."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence

from velma_connectors.errors import SkipCall
from velma_connectors.http import Resolve
from velma_connectors.url import is_loopback

# IANA has given out global IPv6 addresses from this block only (RFC 4291). Outside of it lie loopback,
# link-local, unique local, multicast, and NAT64 and mapped forms that lead back into IPv4.
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
# Forms that wrap an IPv4 address (Teredo and 6to4) and ranges set apart for protocols and documentation
# (RFC 6890, RFC 9637), some of which older Python versions take for global.
_WRAPPED_OR_RESERVED = tuple(
    ipaddress.ip_network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "192.0.0.0/24", "192.88.99.0/24")
)


def is_public(address: str) -> bool:
    """Whether a numeric address belongs to the public internet and is no detour to another one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if ip.version == 6 and ip not in _GLOBAL_IPV6:
        return False
    wrapped = any(ip.version == block.version and ip in block for block in _WRAPPED_OR_RESERVED)
    return ip.is_global and not ip.is_multicast and not wrapped


class PublicAddresses:
    """A resolver that lets through public addresses only, and loopback ones of hosts the admin listed.

    Raises SkipCall when any address of the host is another one: a name that leads to both is no mistake.
    """

    def __init__(self, resolve: Resolve, loopback_hosts: Collection[str]) -> None:
        self._resolve = resolve
        self._loopback_hosts = frozenset(loopback_hosts)

    def __call__(self, host: str, port: int) -> Sequence[str]:
        addresses = self._resolve(host, port)
        allowed = is_loopback if host in self._loopback_hosts else is_public
        if not all(allowed(address) for address in addresses):
            raise SkipCall(
                f"The recording's host {host} has an address outside the public internet; such addresses "
                "are never contacted, so recordings on an internal network cannot be fetched.",
                code="host_not_allowed",
            )
        return addresses
