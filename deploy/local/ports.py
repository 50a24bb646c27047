"""Free ports: the usual ones where they are free, else the next; never one that another instance is about to take."""

import socket
import sys
from itertools import chain

from deploy.local.errors import LocalError

HOST = "127.0.0.1"


class Ports:
    """The ports of one instance, reserved against other instances until `release`."""

    def __init__(self, earlier: dict[str, int] | None = None) -> None:
        self.taken = dict(earlier or {})
        self._reserved: dict[str, tuple[int, socket.socket]] = {}

    def take(self, name: str, usual: int) -> int:
        """A free port for `name`: the one it had before, else the usual one, else one after it."""
        if name in self._reserved:
            return self._reserved[name][0]
        wishes = [self.taken[name]] if name in self.taken else []
        for port in chain(wishes, range(usual, usual + 200)):
            reservation = _reserve(port)
            if reservation is None:
                continue
            if _is_free(port):
                self._reserved[name] = (port, reservation)
                self.taken[name] = port
                return port
            reservation.close()
        raise LocalError(f"No free port for {name} from {usual} to {usual + 199}. End what listens there.")

    def release(self) -> None:
        """Gives the reservations back; what listens on the ports has ended."""
        for _, reservation in self._reserved.values():
            reservation.close()
        self._reserved.clear()


def _reserve(port: int) -> socket.socket | None:
    """An abstract socket named after the port: the kernel frees it with its holder, and two can't have it."""
    reservation = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if sys.platform != "linux":
        return reservation
    try:
        reservation.bind(f"\0ebbtide-port-{port}")
    except OSError:
        reservation.close()
        return None
    return reservation


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
