"""No spelling of an address that must not be reached gets through: 10,000 generated forms, and public ones that do."""

import random
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest

from schemas.addresses import literal, refusal

FORBIDDEN = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
]  # fmt: skip


def spellings(address: IPv4Address, random: random.Random) -> list[str]:
    """What a resolver, a browser or a translator would read as this address."""
    number, (a, b, c, d) = int(address), address.packed
    tail, pair = number & 0xFFFFFF, number & 0xFFFF
    dotted = str(address)
    return [
        dotted, f"{dotted}.", str(number), hex(number), hex(number).upper().replace("X", "x"), f"0{number:o}",
        f"{a}.{tail}", f"{a}.{b}.{pair}", f"0x{a:x}.{tail}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"0{a:o}.{b}.{c:#x}.{d}", f"{a:#010x}.{b}.{c}.{d}",
        dotted.replace(".", "\u3002"), dotted.replace(".", "\uff0e"), dotted.replace(".", "\uff61"),
        "".join(chr(0xFEE0 + ord(one)) if one.isdigit() else one for one in dotted),
        f"[::ffff:{dotted}]", f"::ffff:0:{dotted}", f"::{dotted}", f"64:ff9b::{dotted}", f"64:ff9b:1::{dotted}",
        str(IPv6Address((0x2002 << 112) | (number << 80) | random.getrandbits(80))),
        str(IPv6Address((0x20010000 << 96) | (random.getrandbits(64) << 32) | (number ^ 0xFFFFFFFF))),
        str(IPv6Address((0x2A00 << 112) | (0x5EFE << 32) | number)), f"fe80::{dotted}%eth0", f"fe80::5efe:{dotted}",
    ]  # fmt: skip


def test_none_of_10000_spellings_gets_through() -> None:
    chance = random.Random(5)  # noqa: S311 - the same forms every time
    tried = 0
    while tried < 10_000:
        network = IPv4Network(chance.choice(FORBIDDEN))
        for text in spellings(network[chance.randrange(network.num_addresses)], chance):
            address = literal(text)
            assert address is not None, text
            assert refusal(address) is not None, text
            tried += 1


@pytest.mark.parametrize(
    "text",
    ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "224.0.0.1",
     "fec0::1", "ff02::1", "fe80::1", "::", "255.255.255.255", "2001:db8::1"],
)  # fmt: skip
def test_what_an_operator_allows_is_private_addresses_only(text: str) -> None:
    assert refusal(ip_address(text), allow_private=True)


def test_public_and_allowed_private_addresses_pass() -> None:
    for text in ("93.184.215.14", "8.8.8.8", "2606:4700::1111", "2a00:1450:4001:830::200e"):
        assert refusal(ip_address(text)) is None
    for text in ("127.0.0.1", "10.1.2.3", "::1", "fd12::1", "192.168.1.1"):
        assert refusal(ip_address(text), allow_private=True) is None


@pytest.mark.parametrize("name", ["example.com", "1.2.3.4.5", "0x7g", "256.1.1.1", "1.2.3.256", "", "a.1", "08.1"])
def test_a_name_is_no_address(name: str) -> None:
    assert literal(name) is None
