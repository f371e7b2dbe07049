"""Which addresses may be called: one by one, and again at each connection."""

from __future__ import annotations

import socket
from ipaddress import ip_network

import pytest

from ghconnect.github.addresses import AddressRefusedError, Egress

EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
PUBLIC = "140.82.121.4"


@pytest.mark.parametrize(
    "ip",
    [
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.88.99.1",
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
        "240.0.0.1",
        "::",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:140.82.121.4",
        "::ffff:0:7f00:1",
        "64:ff9b::8c52:7904",
        "64:ff9b:1::a00:1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2002:7f00:1::",
        "2606:50c0::5efe:127.0.0.1",
        "2606:50c0::200:5efe:10.0.0.1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "fe80::1%lo",
        "2606:50c0:8000::153%lo",
        "fec0::1",
        "ff02::1",
    ],
)
def test_never_called_even_if_every_network_is_allowed(ip: str) -> None:
    with pytest.raises(AddressRefusedError) as refused:
        Egress(allowed_networks=EVERYWHERE).check("h", ip)
    assert refused.value.never


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "10.0.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fd12::1",
        "198.18.0.1",
    ],
)
def test_private_is_called_only_by_the_allow_list(ip: str) -> None:
    with pytest.raises(AddressRefusedError) as refused:
        Egress(allowed_networks=(ip_network("203.0.113.0/24"),)).check("h", ip)
    assert not refused.value.never
    Egress(allowed_networks=(ip_network(ip),)).check("h", ip)


@pytest.mark.parametrize("ip", [PUBLIC, "2606:50c0:8000::153"])
def test_public_is_called(ip: str) -> None:
    Egress().check("h", ip)


def test_one_refused_address_among_good_ones_refuses_the_name() -> None:
    egress = Egress(resolver=lambda host, port: [PUBLIC, "10.0.0.5"])
    with pytest.raises(AddressRefusedError, match=r"10\.0\.0\.5"):
        egress.addresses("ghe.octo.example", 443)


def test_a_name_is_looked_up_and_checked_anew_each_time() -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    egress = Egress(resolver=lambda host, port: next(answers))
    assert egress.addresses("ghe.octo.example", 443) == [(PUBLIC, 443)]
    with pytest.raises(AddressRefusedError):
        egress.addresses("ghe.octo.example", 443)


def test_a_pinned_address_is_checked_like_any_other() -> None:
    egress = Egress(resolve={("ghe.octo.example", 443): ("127.0.0.1", 9443)})
    with pytest.raises(AddressRefusedError):
        egress.addresses("GHE.octo.example", 443)
    open_ = Egress(resolve=egress.resolve, allowed_networks=(ip_network("127.0.0.0/8"),))
    assert open_.addresses("GHE.octo.example", 443) == [("127.0.0.1", 9443)]


@pytest.mark.parametrize("form", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost"])
def test_odd_spellings_of_loopback_do_not_slip_through(form: str) -> None:
    try:
        with pytest.raises(AddressRefusedError):
            Egress().addresses(form, 443)
    except socket.gaierror:
        pass  # a system that does not know the spelling calls nobody either


@pytest.mark.parametrize(
    ("host", "proxied"),
    [
        ("api.github.com", True),
        ("ghe.octo.example", False),
        ("a.b.octo.example", False),
        ("notocto.example", True),
        ("pinned.example", False),
    ],
)
def test_the_proxy_is_for_hosts_neither_excepted_nor_pinned(host: str, proxied: bool) -> None:
    egress = Egress(
        resolve={("pinned.example", 443): (PUBLIC, 443)},
        proxy="http://proxy.octo.example:3128",
        no_proxy=("ghe.octo.example", ".octo.example"),
    )
    assert bool(egress.proxy_for(host, 443)) is proxied
