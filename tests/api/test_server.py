"""Which port, and what may be reached from where."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.api.serving import served
from tests.engine.driving import quick_config
from tui_dl.api.context import make_context
from tui_dl.api.server import PORTS_TRIED, ApiServer
from tui_dl.api.start import ApiSettings, build_facades, check_exposure, start_api
from tui_dl.domain.errors import StateError, UsageError
from tui_dl.service.local import LocalService


@contextmanager
def taken(port: int = 0) -> Iterator[int]:
    """Listen on a port, as another program would."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen()
        yield sock.getsockname()[1]


def make_server(tmp_path: Path, port: int, **values: object) -> ApiServer:
    service = LocalService(quick_config(tmp_path))
    context = make_context(service, str(tmp_path), token=None)
    settings = ApiSettings(
        data_dir=tmp_path, settings_file=tmp_path / "settings.toml", directory=str(tmp_path)
    )
    strict = bool(values.pop("strict_port", False))
    extra = values.pop("extra_ports", ())
    assert isinstance(extra, tuple)
    return ApiServer(
        context, build_facades(context, settings), port=port, strict_port=strict, extra_ports=extra
    )


def test_a_taken_port_leads_to_the_next_free_one(tmp_path: Path) -> None:
    with ExitStack() as stack:
        port = stack.enter_context(taken())
        next_port = port + 1
        try:
            stack.enter_context(taken(next_port))
        except OSError:
            pytest.skip("somebody else has the next port")
        server = make_server(tmp_path, port)
        address = server.bind()
        stack.callback(server.unbind)
        assert port + 1 < server.ports[0] < port + PORTS_TRIED
        assert address == f"127.0.0.1:{server.ports[0]}"


def test_a_named_port_is_that_or_nothing(tmp_path: Path) -> None:
    with taken() as port:
        server = make_server(tmp_path, port, strict_port=True)
        with pytest.raises(StateError, match=f"Port {port} .* is taken"):
            server.bind()
    with pytest.raises(RuntimeError):
        server.address  # noqa: B018 - reading it is the test


def test_an_extra_port_that_is_taken_gives_the_first_back(tmp_path: Path) -> None:
    with taken() as busy:
        with taken() as free:
            pass
        server = make_server(tmp_path, free, strict_port=True, extra_ports=(busy,))
        with pytest.raises(StateError):
            server.bind()
        with taken(free):
            pass


@pytest.mark.parametrize("host", ["256.1.1.1", "no such host", "192.0.2.1"])
def test_an_address_that_is_not_ours(tmp_path: Path, host: str) -> None:
    service = LocalService(quick_config(tmp_path))
    context = make_context(service, str(tmp_path), token=None)
    server = ApiServer(context, {}, host, 0, strict_port=True)
    with pytest.raises(StateError, match="The API cannot"):
        server.bind()


async def test_extra_ports_serve_the_same(tmp_path: Path) -> None:
    with taken() as free:
        pass
    async with served(tmp_path, {"extra_ports": (free,)}) as server:
        reply = await server.http.get(f"http://127.0.0.1:{free}/list")
        assert (reply.status_code, reply.json()) == (200, [])


async def test_ipv6(tmp_path: Path) -> None:
    async with served(tmp_path, {"host": "::1"}) as server:
        assert server.address.startswith("[::1]:")
        assert (await server.http.get("/list")).status_code == 200


async def test_the_address_is_known_to_pictures_and_other_processes(tmp_path: Path) -> None:
    from tui_dl.storage.instance import read_owner

    async with served(tmp_path) as server:
        assert server.driver.service.snapshot().api_address == server.address
        owner = read_owner(server.data_dir)
        assert owner is not None
        assert (owner.host, owner.port) == server.host_and_port
    assert read_owner(server.data_dir) is None


async def test_the_port_closes_with_the_engine(tmp_path: Path) -> None:
    async with served(tmp_path) as server:
        address = server.base
        await server.http.get("/list")
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{address}/health")


def settings(**values: object) -> ApiSettings:
    base: dict[str, object] = {
        "data_dir": Path("/s"),
        "settings_file": Path("/c/settings.toml"),
        "directory": "/d",
    }
    return ApiSettings(**(base | values))  # type: ignore[arg-type]  # a table of fields


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "box.lan"])
def test_other_machines_only_when_it_is_meant(host: str) -> None:
    """S6."""
    with pytest.raises(UsageError, match="--public"):
        check_exposure(settings(host=host))
    check_exposure(settings(host=host, public=True))
    with pytest.raises(UsageError, match="loopback"):
        check_exposure(settings(host=host, public=True, no_auth=True))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_word(host: str) -> None:
    check_exposure(settings(host=host))
    check_exposure(settings(host=host, no_auth=True))


async def test_a_port_that_cannot_be_had_leaves_the_engine_alone(tmp_path: Path) -> None:
    service = LocalService(quick_config(tmp_path))
    await service.start()
    try:
        with taken() as port, pytest.raises(StateError):
            await start_api(
                service,
                settings(data_dir=tmp_path / "state", directory=str(tmp_path), port=port,
                         strict_port=True),
            )  # fmt: skip
        assert service.snapshot().api_address is None
    finally:
        await service.close()


async def test_a_named_token_is_stored_for_the_clients(tmp_path: Path) -> None:
    async with served(tmp_path, {"token": "chosen by hand"}) as server:
        assert server.token == "chosen by hand"
        assert (await server.http.get("/list")).status_code == 200
