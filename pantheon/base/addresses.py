"""Which network addresses a request may go to: public ones, whatever their notation."""

import asyncio
import ipaddress
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Say whether an address is on the public Internet, and so is an IPv4 address inside it.

    Private, loopback, link-local, shared, multicast, reserved and documentation ranges are not
    (IANA's special-purpose registries, as `ipaddress` knows them).
    """
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return all(is_public(inner) for inner in _embedded(address))


async def public_addresses(host: str, port: int) -> list[str]:
    """Resolve `host` to the addresses to connect to.

    Raises PermissionError if one of them is not public, OSError if there is none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    for address in addresses:
        if not is_public(ipaddress.ip_address(address)):
            raise PermissionError(f"{host} is {address}, which is not a public address.")
    return addresses


def _embedded(address: Address) -> list[ipaddress.IPv4Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return [one for one in inner if one is not None]
