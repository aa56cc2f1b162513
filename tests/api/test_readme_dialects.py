"""The README's page about the dialects: its lines run, its table is the one in force."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from tests.api.rows import make_row
from tests.api.serving import served
from tests.project.sources import ROOT
from tests.support.fault_server import FaultServer, Resource
from tui_dl.api.aria2.codec import STATUS_WORDS as ARIA2_WORDS
from tui_dl.api.files.codec import history_wire, progress_wire
from tui_dl.api.history import HistoryRow
from tui_dl.api.jobs.job import STATUS_OF
from tui_dl.api.surge.codec import STATUS_WORDS as SURGE_WORDS
from tui_dl.domain.model import Status

PAGE = re.search(
    r"^## The four dialects\n(.*?)(?=^## )", (ROOT / "README.md").read_text(), re.M | re.S
)
assert PAGE is not None
TEXT = PAGE[1]


async def test_the_curl_lines_work_as_printed(tmp_path: Path, fault_server: FaultServer) -> None:
    lines = [line for line in TEXT.splitlines() if line.startswith("curl ")]
    assert len(lines) == 4
    for letter in "abcd":
        fault_server.add(Resource(path=f"/{letter}.iso", size=5))
    async with served(tmp_path) as server:
        for line in lines:
            assert "http://127.0.0.1:1700" in line
            assert "https://host/" in line
            command = line.replace("127.0.0.1:1700", server.address)
            command = command.replace("https://host/", fault_server.url("/"))
            process = await asyncio.create_subprocess_exec(
                "bash",
                "-c",
                command.replace("curl ", "curl --silent --show-error --fail ", 1),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "TOKEN": server.token},
            )
            _, errors = await process.communicate()
            assert process.returncode == 0, (line, errors)
        rows = server.driver.service.snapshot().downloads
        assert [row.added_by for row in rows] == ["surge", "aria2", "jobs", "files"]
        for row in rows:
            assert (await server.driver.wait(row.id)).status is Status.COMPLETED
        assert (server.driver.folder / "Downloads" / "d.iso").exists()


def test_the_table_of_states() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in TEXT.splitlines()
        if line.startswith("| ")
    ]
    head, *lines = rows
    assert head == [
        "State",
        "Surge",
        "aria2",
        "Job queue",
        "Files, active",
        "Files, history",
    ]
    assert [line[0] for line in lines] == [status.value for status in Status]
    for line, status in zip(lines, Status, strict=True):
        row = make_row(status=status)
        past = HistoryRow(
            number=1, id=row.id, gid=row.gid, url=row.url, created_at=row.created_at, status=status
        )
        ended = history_wire(past, "")
        expected = [
            # A cancelled one is in no list of Surge's.
            "" if status is Status.CANCELLED else SURGE_WORDS[status],
            ARIA2_WORDS[status],
            STATUS_OF[status].value,
            "" if status.is_over else progress_wire(row, "")["status"],
            ended["status"] if status.is_over else "",
        ]
        if status is Status.CANCELLED:
            expected[-1] += ", " + ended["error"]
        assert line[1:] == expected
