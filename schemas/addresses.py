"""Where a webhook may be sent: a decision on addresses alone, by explicit lists.

What Python calls global is not safe to send to (NAT64, 6to4 and site-local carry or are private ones), so IPv4 is
checked against IANA's special-purpose registry and IPv6 must be plain global unicast, with nothing embedded in it.
"""

import unicodedata
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


# Cloud metadata and host services: refused whatever the operator allows.
_METADATA = _networks(
    "169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::/32", "fd20:ce::254/128"
)
# The operator's own networks: refused unless the operator allows them.
_PRIVATE = _networks(
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "::1/128", "fc00::/7"
)
_SPECIAL = _networks(
    "0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48",
)  # fmt: skip
_UNICAST = IPv6Network("2000::/3")
_ISATAP = (0x00005EFE, 0x02005EFE)


def refusal(address: Address, allow_private: bool = False) -> str | None:
    """Why nothing may be sent to an address; None where it may.

    >>> refusal(ip_address("93.184.215.14")) is None
    True
    >>> refusal(ip_address("127.0.0.1"))
    'it is a private address'
    >>> refusal(ip_address("64:ff9b::a9fe:a9fe"), allow_private=True)
    'it is no global unicast address'
    """
    if _among(address, _METADATA):
        return "it is a metadata address"
    if _among(address, _PRIVATE):
        return None if allow_private else "it is a private address"
    if _among(address, _SPECIAL):
        return "it is a special-purpose address"
    if isinstance(address, IPv6Address):
        if address.scope_id is not None or address not in _UNICAST:
            return "it is no global unicast address"
        if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
            return "it carries an IPv4 address"
    return None


def literal(host: str) -> Address | None:
    """The address that a host spells, in any form a resolver would read; None for a name.

    >>> [str(literal(text)) for text in ("0x7f.1", "2130706433", "0177.0.0.1", "127。0。0。1", "[::1]")]
    ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1', '::1']
    >>> literal("example.com") is None
    True
    """
    plain = unicodedata.normalize("NFKC", host).replace("。", ".").strip("[]").removesuffix(".")
    try:
        return ip_address(plain)
    except ValueError:
        return _short(plain)


def _among(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _short(text: str) -> IPv4Address | None:
    """IPv4 as `inet_aton` reads it: one to four numbers, decimal, octal or hex, the last filling what is left."""
    numbers = [_number(part) for part in text.split(".")]
    given = [number for number in numbers if number is not None]
    if len(given) != len(numbers) or len(numbers) > 4:
        return None
    *firsts, last = given
    room = 4 - len(firsts)
    if any(one > 255 for one in firsts) or last >= 256**room:
        return None
    return IPv4Address(int.from_bytes(bytes(firsts) + last.to_bytes(room, "big"), "big"))


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isalnum() and text[0].isdigit()):
        return None
    base = 16 if text[:2].lower() == "0x" else 8 if text[0] == "0" else 10
    try:
        return int(text, base) if text.lower() != "0x" else 0
    except ValueError:
        return None
