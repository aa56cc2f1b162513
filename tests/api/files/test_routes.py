"""The requests and replies of the documentation, replayed against a real server."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from urllib.parse import quote

from tests.api.files.client import (
    PROGRESS_KEYS,
    SEED_KEYS,
    active,
    history,
    raw_get,
    start,
    until_moving,
    until_past,
)
from tests.api.serving import Served, served
from tests.support.fault_server import FaultServer, Resource, check_file, stall_after
from tui_dl.domain.model import Status

MIB = 1024 * 1024


async def test_the_documented_download(server: Served, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/data.csv", size=1000))
    result = await start(server, "Downloads", url)
    assert uuid.UUID(result["download_id"]).version == 4
    assert result == {
        "download_id": result["download_id"],
        "filename": "data.csv",
        "path": "Downloads/data.csv",
        "success": True,
        "message": "Download started",
        "error": None,
    }
    entry = await until_past(server, result["download_id"])
    assert entry.keys() >= SEED_KEYS
    assert entry["status"] == "completed"
    assert entry["file_path"] == result["path"]
    assert (entry["total_bytes"], entry["file_size"], entry["error"]) == (1000, 1000, None)
    assert entry["end_time"] >= entry["start_time"]
    check_file(server.driver.folder / result["path"], 1, 1000)


async def test_a_name_and_a_time_of_the_client(server: Served, fault_server: FaultServer) -> None:
    url = fault_server.add(
        Resource(
            path="/data.csv",
            size=10,
            headers=(("Content-Disposition", 'attachment; filename="else.csv"'),),
        )
    )
    result = await start(server, "Downloads", url, filename="renamed-data.csv", timeout=600)
    assert (result["filename"], result["path"]) == (
        "renamed-data.csv",
        "Downloads/renamed-data.csv",
    )
    [row] = server.driver.service.snapshot().downloads
    assert row.options.overall_timeout_s == 600
    await until_past(server, result["download_id"])
    plain = await start(server, "Downloads", url)
    entry = await until_past(server, plain["download_id"])
    assert entry["file_path"] == plain["path"] == "Downloads/data.csv", "what was told holds"
    assert (server.driver.folder / "Downloads" / "data.csv").exists()


async def test_active_downloads_of_one_folder_and_of_all(
    server: Served, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/dataset.zip", size=16 * MIB, rate_bps=4096))
    first = await start(server, "Downloads", url)
    second = await start(server, "Documents", url + "?2")
    third = await start(server, "Downloads/deeper", url + "?3")
    fourth = await start(server, "Documents", url + "?4", filename="late.zip")
    id_ = first["download_id"]
    await until_moving(server, id_)
    [one] = await active(server, "/Downloads?downloads=")
    assert list(one) == PROGRESS_KEYS
    assert (one["id"], one["file_path"], one["directory"], one["url"]) == (
        id_,
        "Downloads/dataset.zip",
        "Downloads",
        url,
    )
    assert (one["status"], one["expected_size"]) == ("downloading", 16 * MIB)
    assert 0 < one["current_size"] < 16 * MIB
    assert one["progress_percentage"] == 100 * one["current_size"] / (16 * MIB)
    row = server.driver.row(id_)
    assert one["start_time"] == int(row.created_at.timestamp())

    everything = {one["id"]: one for one in await active(server)}
    assert everything.keys() == {r["download_id"] for r in (first, second, third, fourth)}
    waiting = everything[fourth["download_id"]]
    assert (waiting["status"], waiting["current_size"]) == ("starting", 0)
    assert (waiting["expected_size"], waiting["progress_percentage"]) == (None, None)
    assert everything[third["download_id"]]["directory"] == "Downloads/deeper"
    for path in ("/%2FDownloads%2F?downloads", "//Downloads/?downloads=&downloads="):
        _, body = await raw_get(server, path)
        assert [one["id"] for one in body["downloads"]] == [id_]
    assert await active(server, "/Nothing?downloads=") == []
    assert await active(server, "/?downloads=") == []
    assert not (server.driver.folder / "Nothing").exists()


async def test_the_requests_that_the_generated_client_sends(
    server: Served, fault_server: FaultServer
) -> None:
    """Each key twice, the first one empty; slashes of the folder encoded; blanks as plus."""
    url = fault_server.add(Resource(path="/a%20b.bin", size=5))
    target = (
        f"/%2Fhome%2Fuser%2Finbox?download=&download={quote(url, safe='')}"
        "&filename=&filename=my+file.bin&timeout=15"
    )
    reply = await server.http.get(target)
    assert reply.status_code == 201
    assert reply.json()["path"] == "home/user/inbox/my file.bin"
    await until_past(server, reply.json()["download_id"])
    assert (server.driver.folder / "home/user/inbox/my file.bin").exists()
    both = await server.http.get("/?download_history=&download_history=")
    assert [entry["url"] for entry in both.json()["history"]] == [url]
    default = await start(server, "x", url)
    assert default["filename"] == "a b.bin"


async def test_what_went_wrong_is_in_the_history(server: Served, fault_server: FaultServer) -> None:
    stalls = fault_server.add(Resource(path="/stalls", size=MIB), stall_after(1000))
    refused = FaultServer()
    refused.close()
    wanted = {
        "REMOTE_FILE_NOT_FOUND": await start(server, "d", fault_server.url("/missing.csv")),
        "DOWNLOAD_TIMEOUT": await start(server, "d", stalls, timeout=1),
        "NETWORK_ERROR": await start(server, "d", refused.url("/x")),
    }
    for code, result in wanted.items():
        entry = await until_past(server, result["download_id"])
        assert (entry["status"], entry["error"]) == ("failed", code)
        assert entry["error_message"]
        assert entry["file_path"] == result["path"]
    missing = await until_past(server, wanted["REMOTE_FILE_NOT_FOUND"]["download_id"])
    assert missing["total_bytes"] is None
    assert await active(server) == []
    assert [entry["end_time"] for entry in await history(server)] == sorted(
        entry["end_time"] for entry in await history(server)
    )


async def test_a_cancelled_download(server: Served, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/slow", size=16 * MIB, rate_bps=4096))
    result = await start(server, "d", url)
    path = f"/api/v1/downloads/{result['download_id']}"
    reply = await server.http.delete(path)
    assert reply.status_code == 202
    assert reply.json() == {
        "success": True,
        "message": "Download cancelled",
        "id": result["download_id"],
    }
    entry = await until_past(server, result["download_id"])
    assert (entry["status"], entry["error"]) == ("failed", "CANCELLED")
    assert await active(server) == []
    for gone in (path, f"/api/v1/downloads/{uuid.uuid4()}", "/api/v1/downloads/x"):
        again = await server.http.delete(gone)
        assert again.status_code == 404
        assert again.json() == {"success": False, "error": "RESOURCE_NOT_FOUND"}


async def test_the_same_request_twice_is_one_download(
    server: Served, fault_server: FaultServer
) -> None:
    """Trap S19: a GET may be sent again by anything on the way."""
    url = fault_server.add(Resource(path="/slow", size=MIB, rate_bps=4096))
    first = await start(server, "d", url)
    second = await start(server, "d", url)
    assert second == first
    assert len(await active(server)) == 1
    await server.driver.until(first["download_id"], lambda row: row.done_bytes > 0)
    await server.http.delete(f"/api/v1/downloads/{first['download_id']}")
    fault_server.replace(Resource(path="/slow", size=MIB))
    again = await start(server, "d", url, timeout=77)
    assert again == first, "it goes on where it was"
    done = await server.driver.until(first["download_id"], lambda r: r.status.is_over)
    assert done.status is Status.COMPLETED
    assert done.options.overall_timeout_s == 77
    [entry] = await history(server)
    assert entry["status"] == "completed"
    third = await start(server, "d", url)
    assert third["download_id"] != first["download_id"], "what is done is fetched anew"
    assert third["path"] == "d/slow (1)"
    await until_past(server, third["download_id"])
    names = sorted(path.name for path in (server.driver.folder / "d").iterdir())
    assert names == ["slow", "slow (1)"]


async def test_the_path_that_is_told_is_the_one_that_comes(
    server: Served, fault_server: FaultServer
) -> None:
    """Trap N5: of one name are a file, a download that waits, and some asked for at once."""
    folder = server.driver.folder / "d"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"mine")
    (folder / "a (1).bin.part").write_bytes(b"of somebody else")
    await server.driver.add("http://127.0.0.1:9/x", paused=True, folder=folder, out="a (2).bin")
    urls = [fault_server.add(Resource(path=f"/{n}/a.bin", size=100 + n)) for n in range(4)]
    results = await asyncio.gather(*(start(server, "d", url) for url in urls))
    told = [result["path"] for result in results]
    assert sorted(told) == [f"d/a ({number}).bin" for number in range(3, 7)]
    for size, result in enumerate(results, start=100):
        entry = await until_past(server, result["download_id"])
        assert (entry["status"], entry["file_path"]) == ("completed", result["path"])
        assert (server.driver.folder / result["path"]).stat().st_size == size
    assert (folder / "a.bin").read_bytes() == b"mine"


async def test_the_history_survives_a_restart_and_deleted_records(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/a.bin", size=5))
    async with served(tmp_path) as server:
        done = await start(server, "d", url)
        missing = await start(server, "d", fault_server.url("/missing"))
        for result in (done, missing):
            await until_past(server, result["download_id"])
            await server.driver.service.remove([result["download_id"]], with_files=True)
        before = await history(server)
    async with served(tmp_path) as server:
        assert await history(server) == before
    assert [entry["id"] for entry in sorted(before, key=lambda e: e["status"])] == [
        done["download_id"],
        missing["download_id"],
    ]


async def test_a_download_elsewhere_is_listed_by_its_full_path(
    server: Served, tmp_path: Path
) -> None:
    odd = tmp_path / "caf\udce9"
    odd.mkdir()
    await server.driver.add("http://127.0.0.1:9/f", paused=True, folder=odd)
    reply = await server.http.get("/api/v1/downloads")
    [one] = reply.json()["downloads"]
    assert one["directory"] == str(odd)
    assert one["status"] == "downloading", "its interface knows no pause"
