"""Which addresses a request may go to."""

import asyncio
from ipaddress import ip_address

import pytest

from pantheon.base.addresses import is_public, public_addresses


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_a_public_address_is_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a00:1::",
    ],
)
def test_any_other_address_is_not_however_it_is_written(address):
    assert not is_public(ip_address(address))


async def test_a_public_address_resolves_to_itself():
    assert await public_addresses("1.1.1.1", 443) == ["1.1.1.1"]


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1"])
async def test_other_names_of_loopback_are_found_out(host):
    with pytest.raises(PermissionError, match="not a public address"):
        await public_addresses(host, 80)


async def test_a_name_with_one_private_address_among_its_public_ones_is_refused(monkeypatch):
    async def resolve(host, port, **_):
        return [(0, 0, 0, "", (address, port)) for address in ("1.1.1.1", "10.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(PermissionError, match=r"10\.0\.0\.1"):
        await public_addresses("mixed.example", 443)
