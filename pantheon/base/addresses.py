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
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        tunnels = [address.sixtofour, *(address.teredo or ())]
        if not all(inner is None or is_public(inner) for inner in tunnels):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


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
