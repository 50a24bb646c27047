"""Ports: the usual one, the earlier one, never a busy one or one another instance is about to take."""

import socket

from deploy.local.ports import Ports


def test_a_busy_port_is_passed_over() -> None:
    with socket.socket() as busy:
        busy.bind(("0.0.0.0", 0))  # noqa: S104
        busy.listen()
        usual = busy.getsockname()[1]
        ports = Ports()
        assert ports.take("api", usual) > usual
        ports.release()


def test_two_instances_never_choose_the_same() -> None:
    one, other = Ports(), Ports()
    assert one.take("api", 28100) != other.take("api", 28100)
    one.release()
    other.release()


def test_an_instance_opened_again_has_its_ports_where_they_are_free() -> None:
    ports = Ports({"api": 28155})
    assert ports.take("api", 28100) == 28155
    assert ports.take("api", 28100) == 28155
    ports.release()
