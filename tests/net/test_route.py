"""Whether there is a way to a host: asked of the kernel, told to nobody."""

from __future__ import annotations

import socket

import pytest

from tui_dl.net.route import has_route


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "a.localhost", "127.9.9.9"])
def test_this_machine_is_always_within_reach(host: str) -> None:
    assert has_route(host)


def test_without_a_route_there_is_none_to_a_name_or_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    class Cut(socket.socket):
        def connect(self, address: object) -> None:
            asked.append(address)
            raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("tui_dl.net.route.socket.socket", Cut)
    assert not has_route("example.org")
    assert not has_route("192.0.2.7")
    assert not has_route("[2001:db8::7]")
    assert has_route("localhost"), "no route is needed"
    assert len(asked) == 4
