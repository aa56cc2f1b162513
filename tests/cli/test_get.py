"""``get`` from its command line to its exit code, on a service that fetches nothing."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.cli.fake_service import DONE, FakeService, failed_with, make_row
from tui_dl.domain.errors import ErrorCode, Failure, StateError
from tui_dl.domain.model import AddRequest, Assurance, Digest, Status
from tui_dl.domain.snapshot import EngineSnapshot
from tui_dl.service.contract import AddResult, Recheck

ONE = "http://127.0.0.1:1/one.bin"
TWO = "http://127.0.0.1:1/two.bin"
HEX = "ab" * 32


def test_the_path_is_alone_on_stdout(shell: Shell) -> None:
    done = shell.run("get", ONE)

    assert done.code == 0
    assert done.out == f"{Path.cwd()}/one.bin\n"
    assert "one.bin" in done.err
    assert shell.service.calls == ["start", "close"]


def test_the_target_is_the_current_folder_or_that_of_the_flag(shell: Shell) -> None:
    shell.run("get", ONE)
    shell.run("get", "-d", "deep/er", ONE)

    assert [request.directory for request in shell.service.added] == [
        str(Path.cwd()),
        str(Path.cwd() / "deep/er"),
    ]


def test_an_unverified_file_is_said_to_be_one(shell: Shell) -> None:
    shell.service.plans[ONE] = [{**DONE, "assurance": Assurance.UNVERIFIED}]

    assert "not verified" in shell.run("get", ONE).err


def test_paths_come_in_the_order_of_completion(shell: Shell) -> None:
    both = threading.Barrier(2, action=lambda: end_in_reverse())
    shell.service.plans |= {url: [{"status": Status.DOWNLOADING}] for url in (ONE, TWO)}
    shell.service.on_started = both.wait

    def end_in_reverse() -> None:
        shell.service.change("id2", DONE)
        shell.service.change("id1", DONE)

    done = shell.run("get", ONE, TWO)

    assert done.code == 0
    assert [Path(line).name for line in done.out.splitlines()] == ["two.bin", "one.bin"]


@pytest.mark.parametrize(
    ("codes", "exit_code"),
    [
        ([ErrorCode.NOT_FOUND], 1),
        ([ErrorCode.DIGEST_MISMATCH], 3),
        ([ErrorCode.DISK_FULL], 4),
        ([ErrorCode.NOT_WRITABLE], 4),
        ([ErrorCode.DISK_FULL, ErrorCode.NOT_FOUND], 4),
        ([ErrorCode.NOT_FOUND, ErrorCode.DIGEST_MISMATCH, ErrorCode.DISK_FULL], 3),
    ],
)
def test_a_failure_is_a_sentence_and_an_exit_code(
    shell: Shell, codes: list[ErrorCode], exit_code: int
) -> None:
    urls = [f"http://127.0.0.1:1/{number}" for number in range(len(codes))]
    for url, code in zip(urls, codes, strict=True):
        shell.service.plans[url] = [failed_with(code, f"Because of {code}.")]

    done = shell.run("get", *urls, TWO)

    assert done.code == exit_code
    assert done.out == f"{Path.cwd()}/two.bin\n", "the others are fetched all the same"
    for code in codes:
        assert f"Because of {code}." in done.err


def test_a_download_that_the_engine_parks_ends_the_run(shell: Shell) -> None:
    failure = Failure(ErrorCode.DISK_FULL, "The disk is full.")
    shell.service.plans[ONE] = [{"status": Status.PAUSED, "failure": failure}]

    done = shell.run("get", ONE)

    assert done.code == 4
    assert "The disk is full." in done.err


def test_a_refused_request_is_a_usage_error(shell: Shell) -> None:
    shell.service.refuse[ONE] = Failure(ErrorCode.INVALID_OPTION, "Not like this.")

    done = shell.run("get", ONE)

    assert done.code == 2
    assert "Not like this." in done.err


def test_a_removed_download_ends_the_run(shell: Shell) -> None:
    shell.service.plans[ONE] = [{"status": Status.DOWNLOADING}]
    shell.service.on_started = lambda: shell.service.remove_row("id1")

    done = shell.run("get", ONE)

    assert done.code == 1
    assert "removed" in done.err


def test_an_end_before_the_answer_is_not_missed(shell: Shell) -> None:
    class Quick(FakeService):
        async def add(self, requests: Sequence[AddRequest]) -> list[AddResult]:
            results = await super().add(requests)
            self.remove_row("id1")
            await asyncio.sleep(0)  # the event is heard before the answer is read
            return results

    shell.service = Quick(plans={ONE: []})

    done = shell.run("get", ONE)

    assert done.code == 1
    assert "removed" in done.err


def test_a_picture_from_before_the_resume_is_old_news(shell: Shell) -> None:
    """The engine's picture may lag: a failure in it must not end what was just resumed."""

    class Lagging(FakeService):
        looks_left = 5

        def snapshot(self) -> EngineSnapshot:
            self.looks_left -= 1
            if self.looks_left == 0:
                threading.Thread(target=self.change, args=["old", DONE]).start()
            return EngineSnapshot(version=1, downloads=(row,))

    row = make_row("old", ONE, str(Path.cwd()), status=Status.FAILED)
    shell.service = Lagging(plans={ONE: [{"status": Status.DOWNLOADING}]}, rows={"old": row})

    done = shell.run("get", ONE)

    assert done.code == 0, done.err
    assert done.out == f"{Path.cwd()}/one.bin\n"


def test_a_locked_state_says_who_holds_it(shell: Shell) -> None:
    shell.service.start_error = StateError("Process 7 has it.", code=ErrorCode.STATE_LOCKED)

    done = shell.run("get", ONE)

    assert done.code == 5
    assert done.err == "tui-dl: Process 7 has it.\n"
    assert shell.service.calls[:2] == ["start", "close"]
    assert set(shell.service.calls) == {"start", "close"}, "it only tried again"


@pytest.mark.parametrize("status", [Status.FAILED, Status.PAUSED, Status.CANCELLED])
def test_a_stopped_download_of_the_same_url_goes_on(shell: Shell, status: Status) -> None:
    row = make_row("old", ONE, str(Path.cwd()), status=status, done_bytes=400, total_bytes=1000)
    shell.service.rows["old"] = row

    done = shell.run("get", ONE)

    assert done.code == 0
    assert shell.service.calls == ["start", "resume old", "close"]
    assert shell.service.added == []
    assert "continuing, 40% of 1.00 kB is already here" in done.err
    assert done.out == f"{Path.cwd()}/one.bin\n"


def test_a_download_that_a_kill_left_in_the_queue_goes_on(shell: Shell) -> None:
    shell.service.rows["old"] = make_row("old", ONE, str(Path.cwd()))

    done = shell.run("get", ONE)

    assert done.code == 0
    assert done.out == f"{Path.cwd()}/one.bin\n"
    assert "resume old" in shell.service.calls, "only_asked: nothing else would start it"


def test_another_name_is_another_download(shell: Shell) -> None:
    row = make_row("old", ONE, str(Path.cwd()), status=Status.PAUSED)
    shell.service.rows["old"] = row

    done = shell.run("get", "-o", "other.bin", ONE)

    assert done.out == f"{Path.cwd()}/other.bin\n"
    assert "resume old" not in shell.service.calls


def test_the_same_url_twice_is_said_and_fetched_once(shell: Shell) -> None:
    done = shell.run("get", ONE, ONE)

    assert done.code == 0
    assert len(shell.service.added) == 1
    assert "given twice" in done.err
    assert done.out == f"{Path.cwd()}/one.bin\n"


@pytest.mark.parametrize(
    ("look", "words"), [(Recheck.SAME, "still has the same"), (Recheck.UNKNOWN, "cannot be told")]
)
def test_a_finished_file_is_not_fetched_again(shell: Shell, look: Recheck, words: str) -> None:
    shell.run("get", ONE)
    shell.service.looks["id1"] = look

    done = shell.run("get", ONE)

    assert done.code == 0
    assert done.out == f"{Path.cwd()}/one.bin\n"
    assert "already here: " in done.err
    assert words in done.err
    assert len(shell.service.added) == 1


def test_a_file_that_changed_here_or_there_is_fetched_again(shell: Shell) -> None:
    shell.run("get", ONE)
    shell.service.looks["id1"] = Recheck.CHANGED

    shell.run("get", ONE)

    assert len(shell.service.added) == 2


@pytest.mark.parametrize(("content", "fetched"), [(b"right", 1), (b"wrong", 2)])
def test_a_finished_file_must_have_the_digest_that_is_asked_for(
    shell: Shell, content: bytes, fetched: int
) -> None:
    shell.run("get", ONE)
    Path("one.bin").write_bytes(content)

    done = shell.run("get", "--checksum", f"sha-256={sha256(b'right').hexdigest()}", ONE)

    assert done.code == 0
    assert len(shell.service.added) == fetched


def test_a_digest_that_was_checked_then_is_not_read_again(shell: Shell) -> None:
    shell.service.plans[ONE] = [{**DONE, "digest": Digest("sha256", HEX)}]
    shell.run("get", ONE)

    shell.run("get", "--checksum", f"sha-256={HEX}", ONE)

    assert len(shell.service.added) == 1


def test_new_flags_count_for_what_an_earlier_run_left(shell: Shell) -> None:
    shell.service.rows["old"] = make_row("old", ONE, str(Path.cwd()), status=Status.FAILED)

    shell.run("get", "-H", "Cookie: fresh", ONE)

    assert shell.service.calls == ["start", "set_options old", "resume old", "close"]
    assert shell.service.rows["old"].options.headers == (("Cookie", "fresh"),)


def test_json_lines_are_all_of_stdout(shell: Shell) -> None:
    shell.service.plans[ONE] = [
        {**DONE, "assurance": Assurance.DIGEST, "digest": Digest("sha256", HEX)}
    ]
    shell.service.plans[TWO] = [failed_with(ErrorCode.NOT_FOUND, "404 \x1b]0;x\x07")]

    done = shell.run("get", "--json", ONE, TWO)

    assert done.code == 1
    lines = [json.loads(line) for line in done.out.splitlines()]
    ends = {line["event"]: line for line in lines if line["event"] in ("completed", "failed")}
    assert [line["event"] for line in lines].count("added") == 2
    assert ends["completed"]["path"] == f"{Path.cwd()}/one.bin"
    assert ends["completed"]["size_bytes"] == 1000
    assert ends["completed"]["assurance"] == "digest"
    assert ends["completed"]["digest"] == f"sha256={HEX}"
    assert ends["failed"]["code"] == "not_found"
    assert "\x1b" not in done.out


def test_progress_does_not_come_with_every_event(shell: Shell) -> None:
    urls = [f"http://127.0.0.1:1/{number}" for number in range(20)]

    done = shell.run("get", "--json", *urls)

    events = [json.loads(line)["event"] for line in done.out.splitlines()]
    assert events.count("completed") == 20
    assert events.count("progress") <= 60, "one round a second: this takes no three"


def test_quiet_is_paths_and_failures_only(shell: Shell) -> None:
    shell.service.plans[TWO] = [failed_with(ErrorCode.NOT_FOUND, "It is not there.")]

    done = shell.run("get", "-q", ONE, TWO)

    assert done.out == f"{Path.cwd()}/one.bin\n"
    assert done.err == "two.bin: It is not there.\n"


def test_words_of_a_server_cannot_steer_the_terminal(shell: Shell) -> None:
    """Trap S9: titles, clipboards and lines come from outside only as pictures."""
    shell.service.plans[ONE] = [
        failed_with(ErrorCode.HTTP_STATUS, "\x1b]52;c;aGk=\x07 [red]\u202e\r\nforged")
    ]

    done = shell.run("get", ONE)

    assert not set(done.err) & set("\x1b\x07\r\u202e")
    assert "␛]52" in done.err
    assert done.err.count("\n") == 2, "one line for the start, one for the failure"


def test_secrets_of_a_url_are_not_shown(shell: Shell) -> None:
    """Trap S7."""
    url = "http://me:hunter2@127.0.0.1:1/a.bin?X-Amz-Signature=cafe&part=1"

    done = shell.run("get", url, url)

    assert shell.service.added[0].url == url
    assert "hunter2" not in done.err
    assert "cafe" not in done.err
    assert "part=1" in done.err


def test_a_path_reaches_a_pipe_as_its_bytes(shell: Shell) -> None:
    folder = os.fsdecode(b"caf\xe9\xc3\xa9")

    done = shell.run("get", "-d", folder, ONE)

    assert os.fsencode(done.out) == os.fsencode(Path.cwd()) + b"/caf\xe9\xc3\xa9/one.bin\n"


def test_flags_and_settings_reach_the_engine(shell: Shell, tmp_path: Path) -> None:
    settings = tmp_path / "s.toml"
    settings.write_text("[downloads]\nslots = 7\nconnections = 5\nmax_tries = 9\n")
    data = tmp_path / "data"

    shell.run(
        *("get", "-j", "2", "--config", str(settings), "--data-dir", str(data)),
        *("--set", "downloads.limit=3M", ONE),
    )

    assert shell.config.slots == 2
    assert shell.config.connections == 5
    assert not shell.config.connections_are_fixed
    assert shell.config.max_tries == 9
    assert shell.config.limit_bps == 3 * 1024 * 1024
    assert shell.config.data_dir == data
    assert shell.config.only_asked, "a queue that the app left must not start here"


def test_a_named_number_of_connections_is_fixed(shell: Shell) -> None:
    shell.run("get", "-x", "4", ONE)

    assert shell.config.connections == 4
    assert shell.config.connections_are_fixed
    assert shell.service.added[0].options.connections == 4


def test_a_bad_settings_file_is_told_and_not_fatal(shell: Shell, tmp_path: Path) -> None:
    settings = tmp_path / "s.toml"
    settings.write_text("[downloads]\nslots = 0\n")

    done = shell.run("get", "--config", str(settings), ONE)

    assert done.code == 0
    assert "downloads.slots must be from 1 to 100" in done.err
    assert shell.config.slots == 3


def test_shared_flags_may_stand_before_the_command(shell: Shell, tmp_path: Path) -> None:
    shell.run("--data-dir", str(tmp_path / "d"), "--set=downloads.slots=6", "get", ONE)

    assert shell.config.data_dir == tmp_path / "d"
    assert shell.config.slots == 6
