"""``GET /openapi.json``: it names each route and no other, and the port does what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.processes import Place
from tui_dl.api.jobs import routes as jobs
from tui_dl.api.openapi.document import JOBS, SURGE, document
from tui_dl.api.surge import routes as surge

FUZZ_S = 8
"""A short campaign in each run of the tests; a long one is a call of schemathesis away."""

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)
LEFT_OUT = "events|jsonrpc"
"""Streams do not end, and aria2 answers nonsense with 500: so do we, to its clients."""


def test_each_route_of_surge_is_told_and_no_other() -> None:
    told = {(path, method.upper()) for path, methods in SURGE.items() for method in methods}
    known = {
        ("/" + "/".join(path), method)
        for path, route in surge.ROUTES.items()
        for method in route.by_method
    }
    events = "/" + "/".join(surge.EVENTS)
    assert told == known | {(events, "GET"), (events, "POST")}


def test_each_route_of_the_job_queue_is_told_and_no_other() -> None:
    told = {(path, method.upper()) for path, methods in JOBS.items() for method in methods}
    known = {("/" + "/".join(path), method) for path, (method, _) in jobs.ROUTES.items()}
    assert told == known | {("/" + "/".join(path), "GET") for path in jobs.EVENTS}


def test_each_reference_leads_somewhere() -> None:
    page = document("http://127.0.0.1:1700")
    found = 0
    stack: list[object] = [page]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if "$ref" in node:
                found += 1
                assert node["$ref"].rpartition("/")[2] in page["components"]["schemas"]
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    assert found > 20


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a place with a folder for files."""
    (tmp_path / "target").mkdir()
    return Place(tmp_path)


def test_the_port_does_what_its_description_says(place: Place) -> None:
    server = place.start("serve", "-d", "target", "--paused")
    try:
        assert server.stdout is not None
        address = server.stdout.readline().decode().strip()
        token = place.run("token").stdout.decode().strip()
        bare = httpx.get(f"{address}/openapi.json", trust_env=False)
        assert bare.status_code == 401, "a description is for those who may call"
        login = {"Authorization": f"Bearer {token}"}
        page = httpx.get(f"{address}/openapi.json", headers=login, trust_env=False).json()
        assert page["servers"] == [{"url": address}]
        fuzzed = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
                *("-H", f"Authorization: Bearer {token}", "--checks", CHECKS),
                *("--exclude-path-regex", LEFT_OUT, "--seed", "1", "--max-examples", "5"),
                *("--max-time", str(FUZZ_S), "--generation-database", "none"),
            ],
            cwd=place.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert fuzzed.returncode == 0, fuzzed.stdout[-4000:]
        assert " generated" in fuzzed.stdout
    finally:
        server.terminate()
        server.communicate(timeout=60)
