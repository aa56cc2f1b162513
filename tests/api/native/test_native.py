"""Our own dialect: what a client may not do, and what it may not see.

That it does what it should is the contract's own suite, which runs through it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.serving import Served, listening
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import AddRequest, DownloadOptions, Source
from tui_dl.domain.snapshot import EngineSnapshot
from tui_dl.service.contract import AddOutcome, AddResult
from tui_dl.service.remote_wire import Act, AddAnswers, Additions, Deed, decode, encode

CLOSED = "http://127.0.0.1:9/closed.bin"


async def add(server: Served, request: AddRequest, *, as_owner: bool = False) -> AddResult:
    headers = {"authorization": f"Bearer {server.owner_key}"} if as_owner else {}
    body = encode(Additions((replace(request, paused=True),)))
    reply = await server.http.post("/tui-dl/add", content=body, headers=headers)
    assert reply.status_code == 200, reply.text
    return decode(reply.content, AddAnswers).results[0]


async def test_folders_are_checked_for_clients(server: Served) -> None:
    """S8."""
    for folder in ("/etc", "/", "..", str(server.data_dir), ""):
        result = await add(server, AddRequest(CLOSED + folder, folder))
        if folder == "":
            assert result.outcome is AddOutcome.ADDED
        else:
            assert result.outcome is AddOutcome.REFUSED
            assert result.failure is not None
            assert result.failure.code is ErrorCode.NOT_WRITABLE


async def test_the_owner_may_write_anywhere_but_into_the_state(
    server: Served, tmp_path: Path
) -> None:
    outside = str(tmp_path / ".hidden/anywhere")
    assert (await add(server, AddRequest(CLOSED, outside))).outcome is AddOutcome.REFUSED
    result = await add(server, AddRequest(CLOSED, outside), as_owner=True)
    assert result.outcome is AddOutcome.ADDED
    state = AddRequest(CLOSED, str(server.data_dir / "journal"))
    assert (await add(server, state, as_owner=True)).outcome is AddOutcome.REFUSED


async def test_a_relative_folder_lies_below_the_default(server: Served) -> None:
    result = await add(server, AddRequest(CLOSED, "sub"))
    row = (await server.driver.details(str(result.id))).download
    assert row.directory == str(server.driver.folder / "sub")


async def test_clients_name_no_files_to_read(server: Served, tmp_path: Path) -> None:
    folder = str(server.driver.folder)
    for options in (
        DownloadOptions(cookie_file="/etc/passwd"),
        DownloadOptions(ca_certificate="/etc/passwd"),
    ):
        result = await add(server, AddRequest(CLOSED, folder, options))
        assert result.outcome is AddOutcome.REFUSED
        id_ = str((await add(server, AddRequest(CLOSED, folder))).id)
        act = encode(Act(Deed.SET_OPTIONS, (id_,), options=options))
        assert (await server.http.post("/tui-dl/act", content=act)).status_code == 400


async def test_finished_files_go_where_a_client_may_write(server: Served, tmp_path: Path) -> None:
    """S8: another name for a target folder is one all the same."""
    folder = str(server.driver.folder)
    for wanted, kept in (("/etc", None), ("sub", f"{folder}/sub"), ("", "")):
        options = DownloadOptions(move_to=wanted)
        request = AddRequest(f"{CLOSED}?{wanted}", folder, options, paused=True)
        result = await add(server, request)
        if kept is None:
            assert result.failure is not None
            assert result.failure.code is ErrorCode.NOT_WRITABLE
        else:
            assert server.driver.row(str(result.id)).options.move_to == kept
    outside = str(tmp_path / "outside")
    id_ = await server.driver.add(CLOSED, paused=True, move_to=outside)
    for options, status in (
        (DownloadOptions(move_to=outside, connections=2), 200),
        (DownloadOptions(move_to="/etc"), 403),
    ):
        act = encode(Act(Deed.SET_OPTIONS, (id_,), options=options))
        assert (await server.http.post("/tui-dl/act", content=act)).status_code == status
    assert server.driver.row(id_).options == DownloadOptions(move_to=outside, connections=2)


async def test_a_client_s_job_is_one_of_the_port(server: Served) -> None:
    """S12: only the owner's own may be redirected to private hosts."""
    request = AddRequest(CLOSED, "", source=Source.LOCAL)
    for as_owner, source in ((False, Source.API), (True, Source.LOCAL)):
        unique = replace(request, url=f"{CLOSED}?{as_owner}", directory=str(server.driver.folder))
        result = await add(server, unique, as_owner=as_owner)
        row = (await server.driver.details(str(result.id))).download
        assert row.source is source


@pytest.mark.parametrize("id_", ["../../x", "1", "", "a/b", "550e8400"])
async def test_an_id_is_a_uuid(server: Served, id_: str) -> None:
    """S8: ids name files of the state folder."""
    result = await add(server, AddRequest(CLOSED, "", id=id_))
    assert result.outcome is AddOutcome.REFUSED


async def test_secrets_are_not_shown(server: Served) -> None:
    """S7."""
    options = DownloadOptions(
        headers=(("X-Key", "S3CRET"),),
        http_user="me",
        http_password="S3CRET",
        proxy="http://me:S3CRET@proxy.test:1/",
    )
    async with listening(server, "/tui-dl/events") as heard:
        request = AddRequest(CLOSED, str(server.driver.folder), options, paused=True)
        (answer,) = await server.driver.service.add([request])
        await heard.until("change")
    snapshot = await server.http.get("/tui-dl/snapshot")
    details = await server.http.get("/tui-dl/details", params={"id": str(answer.id)})
    assert "S3CRET" not in str(heard.frames) + snapshot.text + details.text
    (row,) = decode(snapshot.content, EngineSnapshot).downloads
    assert (row.options.http_user, row.options.proxy) == ("me", "http://proxy.test:1/")
    kept = (await server.driver.details(row.id)).download.options
    assert kept == options


async def test_a_proxy_password_survives_a_change_of_something_else(server: Served) -> None:
    options = DownloadOptions(proxy="http://me:S3CRET@proxy.test:1/", http_password="S3CRET")
    id_ = await server.driver.add(
        CLOSED, paused=True, proxy=options.proxy, http_password=options.http_password
    )
    snapshot = await server.http.get("/tui-dl/snapshot")
    (row,) = decode(snapshot.content, EngineSnapshot).downloads
    for change, proxy in (
        ({"connections": 2}, options.proxy),
        ({"proxy": "http://other.test:1/"}, "http://other.test:1/"),
        ({"proxy": None}, None),
    ):
        given = replace(row.options, **change)
        act = encode(Act(Deed.SET_OPTIONS, (id_,), options=given))
        assert (await server.http.post("/tui-dl/act", content=act)).status_code == 200
        kept = (await server.driver.details(id_)).download.options
        assert (kept.proxy, kept.http_password) == (proxy, "S3CRET")


BAD_ACTS: list[tuple[str, Any]] = [
    ("act", {"deed": "explode", "ids": []}),
    ("act", {"deed": "move", "ids": ["x"]}),
    ("act", {"deed": "move_to_index", "ids": ["x"]}),
    ("act", {"deed": "set_url", "ids": ["x"]}),
    ("act", {"deed": "set_options", "ids": ["x"]}),
    ("act", {"deed": "set_limit", "ids": ["x"], "limit_bps": -1}),
    ("act", {"deed": "set_limit", "ids": ["x", "y"], "limit_bps": 1}),
    ("act", {"deed": "set_limit", "ids": []}),
    ("act", {"deed": "set_priority", "ids": ["x"]}),
    ("act", []),
    ("add", {}),
    ("add", {"requests": [{"url": 5}]}),
    ("dials", {"slots": "many"}),
    ("dials", 5),
]


@pytest.mark.parametrize(("path", "body"), BAD_ACTS)
async def test_a_bad_body_is_a_failure_with_a_sentence(
    server: Served, path: str, body: Any
) -> None:
    reply = await server.http.post(f"/tui-dl/{path}", json=body)
    assert reply.status_code == 400
    failure = decode(reply.content, Failure)
    assert failure.code in (ErrorCode.PROTOCOL, ErrorCode.INVALID_OPTION)
    assert failure.message


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/tui-dl", 404),
        ("GET", "/tui-dl/nothing", 404),
        ("GET", "/tui-dl/snapshot/more", 404),
        ("POST", "/tui-dl/snapshot", 405),
        ("GET", "/tui-dl/add", 405),
        ("POST", "/tui-dl/events", 405),
        ("GET", "/tui-dl/details?id=550e8400-e29b-41d4-a716-446655440000", 404),
        ("GET", "/tui-dl/details", 404),
    ],
)
async def test_what_is_not_there(server: Served, method: str, path: str, status: int) -> None:
    reply = await server.http.request(method, path, content=b"{}")
    assert reply.status_code == status
    assert decode(reply.content, Failure).message


async def test_refusals_are_failures_too(server: Served) -> None:
    async with httpx.AsyncClient(base_url=server.base, trust_env=False) as http:
        reply = await http.get("/tui-dl/snapshot")
    assert reply.status_code == 401
    assert decode(reply.content, Failure).code is ErrorCode.NEEDS_LOGIN


async def test_slots_and_limits_are_clamped(server: Served) -> None:
    body = {"slots": 100_000, "global_limit_bps": -5, "default_limit_bps": -5}
    assert (await server.http.post("/tui-dl/dials", json=body)).status_code == 200
    async with listening(server, "/tui-dl/events") as heard:
        whole = await heard.until("whole")
    assert (whole["slots"], whole["limit_bps"]) == (100, 0)
