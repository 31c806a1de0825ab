"""No link leads into an inner network, however it is written."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.errors import SkipCall
from velma_connectors.http import resolve_name
from velma_connectors.recordings.addresses import PublicAddresses, is_public

INNER = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "224.0.1.1",
    "239.1.2.3",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:93.184.215.14",
    "64:ff9b::7f00:1",
    "64:ff9b::5db8:d70e",
    "64:ff9b:1::1",
    "100::1",
    "2001::7f00:1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:5db8:d70e::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "localhost",
    "",
]


@pytest.mark.parametrize("address", INNER)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1", "2a00:1450:4001::200e"]
)
def test_a_public_address_is_let_through(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_no_version_4_address_gets_through_inside_a_version_6_one(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    wrapped = {
        "mapped": ipaddress.IPv6Address(0xFFFF << 32 | number),
        "compatible": ipaddress.IPv6Address(number),
        "NAT64": ipaddress.IPv6Address(0x64FF9B << 96 | number),
        "6to4": ipaddress.IPv6Address(0x2002 << 112 | number << 80),
        "Teredo": ipaddress.IPv6Address(0x20010000 << 96 | number ^ 0xFFFFFFFF),
    }
    assert [name for name, address in wrapped.items() if is_public(str(address))] == []


@given(st.ip_addresses())
def test_what_is_let_through_is_always_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    inner = address.is_multicast or address.is_loopback or address.is_link_local or address.is_reserved
    assert not is_public(str(address)) or (address.is_global and not inner)


def guarded(addresses: Sequence[str], *loopback_hosts: str) -> PublicAddresses:
    return PublicAddresses(lambda host, port: addresses, loopback_hosts)


def test_all_addresses_of_a_host_must_be_public() -> None:
    assert guarded(["93.184.215.14", "2606:4700::1"])("a.test", 443) == ["93.184.215.14", "2606:4700::1"]
    for position in (0, 1):
        mixed = ["93.184.215.14"]
        mixed.insert(position, "10.0.0.1")
        with pytest.raises(SkipCall, match=r"a\.test has an address outside the public internet") as raised:
            guarded(mixed)("a.test", 443)
        assert raised.value.code == "host_not_allowed"
        assert "10.0.0.1" not in str(raised.value), "what a name resolves to inside stays inside"


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "localhost"])
def test_other_spellings_of_loopback_are_caught_by_what_they_resolve_to(host: str) -> None:
    with pytest.raises(SkipCall):
        PublicAddresses(resolve_name, ())(host, 443)


def test_a_listed_loopback_host_reaches_this_machine_and_nothing_else() -> None:
    assert guarded(["::1", "127.0.0.1"], "localhost")("localhost", 80) == ["::1", "127.0.0.1"]
    with pytest.raises(SkipCall):
        guarded(["127.0.0.1", "10.0.0.1"], "localhost")("localhost", 80)
    with pytest.raises(SkipCall):
        guarded(["127.0.0.1"], "localhost")("a.test", 80)
