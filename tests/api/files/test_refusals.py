"""What the files dialect refuses: bad words, blocked hosts, paths that lead out, strangers."""

from __future__ import annotations

import uuid
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.api.files.client import RESULT_KEYS, active, history, raw_get, refusal, start, until_past
from tests.api.serving import Served, served
from tests.support.fault_server import FaultServer, Resource, redirect
from tui_dl.api.files.settings import FilesSettings


@pytest.mark.parametrize(
    ("url", "filename"),
    [
        ("data.csv", "data.csv"),
        ("ftp://h/data.csv", "data.csv"),
        ("http://", "download"),
        ("http:///data.csv", "data.csv"),
        ("file:///etc/passwd", "passwd"),
        ("http://h:99999/f", "f"),
        ("http://h/a\nb", "ab"),
        (" ", "download"),
    ],
)
async def test_a_url_that_is_none(server: Served, url: str, filename: str) -> None:
    body = await refusal(server, "/Downloads?" + urlencode({"download": url}), 400)
    assert uuid.UUID(body.pop("download_id")).version == 4
    assert body == {
        "filename": filename,
        "path": body["path"],
        "success": False,
        "message": "Download failed",
        "error": "INVALID_URL",
    }
    assert body["path"].startswith("Downloads/")


async def test_an_empty_key_asks_for_nothing(server: Served) -> None:
    for target in ("/Downloads?download=", "/?download", "/Downloads?download=&download="):
        assert (await refusal(server, target, 400))["error"] == "INVALID_URL"


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"timeout": "x"}, "INVALID_PARAMETER"),
        ({"timeout": "0"}, "INVALID_PARAMETER"),
        ({"timeout": "-5"}, "INVALID_PARAMETER"),
        ({"timeout": "1.5"}, "INVALID_PARAMETER"),
        ({"timeout": "9" * 40}, "INVALID_PARAMETER"),
        ({"filename": "../x"}, "INVALID_PARAMETER"),
        ({"filename": "/etc/passwd"}, "INVALID_PARAMETER"),
        ({"filename": "a\\b"}, "INVALID_PARAMETER"),
        ({"filename": ".."}, "INVALID_PARAMETER"),
        ({"filename": "a\0b"}, "INVALID_PARAMETER"),
        ({"filename": " "}, "INVALID_PARAMETER"),
    ],
)
async def test_parameters_that_cannot_be(
    server: Served, params: dict[str, str], error: str
) -> None:
    query = urlencode({"download": "http://127.0.0.1:9/f"} | params)
    body = await refusal(server, f"/Downloads?{query}", 400)
    assert list(body) == RESULT_KEYS
    assert (body["error"], body["success"]) == (error, False)
    assert "/" not in body["filename"]


async def test_downloading_can_be_forbidden(tmp_path: Path) -> None:
    settings = {"files": FilesSettings(allow_download=False)}
    async with served(tmp_path, settings) as server:
        for target in ("/Downloads?download=http%3A%2F%2Fh%2Ff", "/Downloads?download="):
            body = await refusal(server, target, 403)
            assert body == {"success": False, "error": "DOWNLOAD_FORBIDDEN"}
        assert await active(server, "/Downloads?downloads=") == []
        assert await history(server) == []


async def test_a_blocked_domain(tmp_path: Path, fault_server: FaultServer) -> None:
    """Also when a redirect leads to it."""
    there = fault_server.add(Resource(path="/there", size=5))
    away = there.replace("127.0.0.1", "localhost")
    url = fault_server.add(Resource(path="/moved", size=5), redirect(away))
    settings = {"files": FilesSettings(blocked_hosts="localhost example.org")}
    async with served(tmp_path, settings) as server:
        for blocked in (away, "http://sub.example.org/f"):
            body = await refusal(server, "/d?" + urlencode({"download": blocked}), 400)
            assert (body["error"], body["success"]) == ("DOMAIN_BLOCKED", False)
        result = await start(server, "d", url)
        entry = await until_past(server, result["download_id"])
        assert (entry["status"], entry["error"]) == ("failed", "DOMAIN_BLOCKED")
        fine = await start(server, "d", there)
        assert (await until_past(server, fine["download_id"]))["status"] == "completed"
    assert len(fault_server.requests("/there")) == 1


async def test_only_allowed_domains(tmp_path: Path, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/f", size=5))
    async with served(tmp_path, {"files": FilesSettings(allowed_hosts="127.0.0.1")}) as server:
        body = await refusal(server, "/d?" + urlencode({"download": "http://h/f"}), 400)
        assert body["error"] == "DOMAIN_BLOCKED"
        await start(server, "d", url)


ESCAPES = [
    "/../x",
    "/a/../../x",
    "/..%2F..%2Fx",
    "/%2e%2e/x",
    "/a%2F..%2F..%2Fx",
    "/%2F..%2Fx",
    "/a/./b",
    "/a%00",
    "/a%5C..%5Cx",
    "/a%0d%0ab",
    "/%FF",
]


@pytest.mark.parametrize("path", ESCAPES)
async def test_paths_that_try_to_leave(server: Served, path: str) -> None:
    """Trap S8. Sent byte by byte: a library would tidy them up."""
    query = urlencode({"download": "http://127.0.0.1:9/f"})
    status, body = await raw_get(server, f"{path}?{query}")
    assert status == 400
    assert (list(body), body["error"]) == (RESULT_KEYS, "INVALID_PATH")
    status, body = await raw_get(server, f"{path}?downloads=")
    assert (status, body) == (400, {"success": False, "error": "INVALID_PATH"})
    assert server.driver.service.snapshot().downloads == ()
    assert list(server.driver.folder.iterdir()) == []


async def test_links_and_hidden_folders(server: Served, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (server.driver.folder / "out").symlink_to(tmp_path / "outside")
    (server.driver.folder / "state").symlink_to(server.data_dir)
    query = urlencode({"download": "http://127.0.0.1:9/f"})
    for path in ("/out", "/out/deeper", "/state", "/.config", "/a/.ssh"):
        for target in (f"{path}?{query}", f"{path}?downloads="):
            body = await refusal(server, target, 403)
            assert body == {"success": False, "error": "ACCESS_FORBIDDEN"}
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize(
    ("method", "target", "status", "error"),
    [
        ("GET", "/Downloads?download_history=", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "/Downloads", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "/Downloads?id=1&download=http://h/f", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "/Downloads?method=m&downloads=", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "/api", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "/api/v1/nothing", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "/api/v1/downloads/x/y", 404, "RESOURCE_NOT_FOUND"),
        ("POST", "/api/v1/downloads", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/v1/downloads/x", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/Downloads?download=http://h/f", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/Downloads", 404, "RESOURCE_NOT_FOUND"),
    ],
)
async def test_errors_have_the_dialects_own_shape(
    server: Served, method: str, target: str, status: int, error: str
) -> None:
    reply = await server.http.request(method, target)
    assert (reply.status_code, reply.json()) == (status, {"success": False, "error": error})


async def test_without_a_token_nothing_is_fetched(server: Served) -> None:
    """Its GET changes something: a bearer is asked for even on loopback (traps S2, C1 no. 9)."""
    for target in ("/d?download=http%3A%2F%2F127.0.0.1%3A9%2Ff", "/api/v1/downloads", "/nothing"):
        reply = await server.http.get(target, headers={"authorization": ""})
        assert reply.status_code == 401
        assert reply.json() == {"success": False, "error": "UNAUTHORIZED"}
    assert server.driver.service.snapshot().downloads == ()


async def test_without_auth_a_picture_of_a_page_fetches_nothing(tmp_path: Path) -> None:
    """And who cannot be told from one does not either: old browsers send no hint."""
    async with served(tmp_path, {"no_auth": True}) as server:
        target = "/d?download=http%3A%2F%2F127.0.0.1%3A9%2Ff"
        for site in ("cross-site", "same-site"):
            reply = await server.http.get(target, headers={"sec-fetch-site": site})
            assert reply.status_code == 403
            assert reply.json() == {"success": False, "error": "ACCESS_FORBIDDEN"}
        plain = await server.http.get(target)
        assert (plain.status_code, plain.json()) == (
            401,
            {"success": False, "error": "UNAUTHORIZED"},
        )
        assert server.driver.service.snapshot().downloads == ()
        assert await active(server) == []
        owner = {"authorization": f"Bearer {server.owner_key}"}
        assert (await server.http.get(target, headers=owner)).status_code == 201
