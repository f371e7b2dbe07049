"""Which addresses the console may call, checked on the very address it connects to (DESIGN §7)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], list[str]]

# Never called, whatever the allow-list says: addresses of the machine's own link, of cloud metadata services
# that hide among private or public ranges, and forms that carry another address inside.
NEVER: tuple[IPNetwork, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",  # unspecified, "this network"
        "169.254.0.0/16",  # link-local, and nearly every metadata service
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "168.63.129.16/32",  # metadata of Azure, a public number
        "192.0.0.192/32",  # metadata of Oracle Cloud
        "192.88.99.0/24",  # 6to4 relay
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/128",  # unspecified
        "::/96",  # IPv4-compatible; ::1 is taken out in `never`
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64, local use
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fd00:ec2::/32",  # metadata of AWS
        "fd20:ce::/32",  # metadata of Google Cloud
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)
ISATAP = (0x00005EFE, 0x02005EFE)
LOOPBACK6 = ipaddress.ip_address("::1")


class AddressRefusedError(Exception):
    """A host leads to an address that must not be called; `never`: no allow-list opens it."""

    def __init__(self, host: str, ip: str, *, never: bool) -> None:
        super().__init__(f"{host} leads to {ip}")
        self.host, self.ip, self.never = host, ip, never


def system_resolver(host: str, port: int) -> list[str]:
    """Every address of a name, in the system's order, each once; raises `socket.gaierror`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Egress:
    """How the console leaves the machine, from the operator's settings.

    `resolve` pins (host, port) to (ip, port) as curl's --resolve does; a pinned host is called directly,
    never by the proxy. `no_proxy` holds host names or ".suffixes". A test can be the DNS by `resolver`.
    """

    resolve: Mapping[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    allowed_networks: tuple[IPNetwork, ...] = ()
    proxy: str = ""
    no_proxy: tuple[str, ...] = ()
    resolver: Resolver = system_resolver

    def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        """(ip, port) to connect to; every address of the name is checked, one refused refuses all."""
        pinned = self.resolve.get((host.lower(), port))
        found = [pinned] if pinned else [(ip, port) for ip in self.resolver(host, port)]
        for ip, _ in found:
            self.check(host, ip)
        return found

    def check(self, host: str, ip: str) -> None:
        """Raise `AddressRefusedError` unless the console may call this address."""
        address = ipaddress.ip_address(ip)
        if never(address):
            raise AddressRefusedError(host, ip, never=True)
        if not address.is_global and not self.allows(ip):
            raise AddressRefusedError(host, ip, never=False)

    def allows(self, ip: str) -> bool:
        """True for an address in a network that the operator has named."""
        address = ipaddress.ip_address(ip)
        return any(address in network for network in self.allowed_networks)

    def proxy_for(self, host: str, port: int) -> str:
        """The proxy to use for a host, "" for none."""
        if not self.proxy or (host.lower(), port) in self.resolve:
            return ""
        return "" if any(_covers(entry, host.lower()) for entry in self.no_proxy) else self.proxy

    def check_behind_proxy(self, host: str, port: int) -> None:
        """With a proxy it is the proxy that resolves; what this machine knows of a name is still checked."""
        try:
            self.addresses(host, port)
        except socket.gaierror:
            return


def never(address: IPAddress) -> bool:
    """True for an address no setting can open."""
    if address == LOOPBACK6:
        return False
    if address.version == 6 and (int(address) >> 32) & 0xFFFFFFFF in ISATAP:
        return True
    scoped = isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None
    return scoped or any(address in network for network in NEVER)


def _covers(entry: str, host: str) -> bool:
    name = entry.lower().lstrip("*").lstrip(".")
    return bool(name) and (entry == "*" or host == name or host.endswith("." + name))
