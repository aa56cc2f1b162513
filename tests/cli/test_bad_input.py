"""Bad input: a sentence on stderr, exit 2, no traceback, no engine, nothing added."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Shell

ONE = "http://127.0.0.1:1/one.bin"
TWO = "http://127.0.0.1:1/two.bin"


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["get"], "Nothing to download"),
        (["get", "example.org/x"], "no scheme"),
        (["get", "http://"], "no host"),
        (["get", "http://a b/"], "characters that no host may have"),
        (["get", "http://127.0.0.1:99999/x"], "1 to 65535"),
        (["get", "ftp://127.0.0.1/x"], "Only http:// and https:// can be downloaded"),
        (["get", "magnet:?xt=1"], "Only http:// and https:// can be downloaded"),
        (["get", ONE, "nothing"], "nothing: The URL has no scheme"),
        (["get", "-i", "missing.txt"], "The list missing.txt cannot be read"),
        (["get", "-o", "x", ONE, TWO], "-o/--out speaks of one file, but there are 2"),
        (["get", "--mirror", ONE, ONE, TWO], "--mirror speaks of one file"),
        (["get", "--mirror", "nothing", ONE], "no scheme"),
        (["get", "-o", "dir/", ONE], "names a folder"),
        (["get", "-o", "..", ONE], "names a folder"),
        (["get", "-o", "-", ONE], "standard output"),
        (["get", "--checksum", "sha-256=12", ONE], "64 hex digits"),
        (["get", "--checksum", "crc=12", ONE], "not known"),
        (["get", "--limit", "fast", ONE], "not a size"),
        (["get", "--limit", "-5", ONE], "not a size"),
        (["get", "-x", "0", ONE], "whole number from 1 to 64"),
        (["get", "-x", "65", ONE], "whole number from 1 to 64"),
        (["get", "-j", "101", ONE], "whole number from 1 to 100"),
        (["get", "-x", "1" * 5000, ONE], "whole number from 1 to 64"),
        (["get", "-m", "-1", ONE], "whole number from 0"),
        (["get", "-t", "0", ONE], "above 0"),
        (["get", "-t", "nan", ONE], "not a time"),
        (["get", "-H", "no colon", ONE], "write 'Name: value'"),
        (["get", "-H", "Range: bytes=0-1", ONE], "set by tui-dl itself"),
        (["get", "-H", "X: a\r\nY: b", ONE], "control character"),
        (["get", "-U", "a\nb", ONE], "control character"),
        (["get", "--proxy", "socks4://127.0.0.1:1", ONE], "only http, https, socks5"),
        (["get", "--proxy", "127.0.0.1:x", ONE], "http://HOST:PORT"),
        (["get", "--load-cookies", "missing", ONE], "does not exist"),
        (["get", "--ca-certificate", "missing", ONE], "does not exist"),
        (["get", "--set", "downloads.slots=0", ONE], "must be from 1 to 100"),
        (["get", "--set", "downloads.slot=1", ONE], "Did you mean downloads.slots"),
        (["get", "--bogus", ONE], "No such option"),
        (["got", ONE], "'got' is neither a URL nor a command"),
        (["ftp://127.0.0.1/x"], "Only http:// and https:// can be downloaded"),
        (["-i", "-"], "keys from standard input"),
        (["--", "get"], "'get' is neither a URL nor a command"),
        ([ONE], "needs a terminal"),
        (["--port", "0"], "1<=x<=65535"),
    ],
)
def test_bad_input_is_one_sentence(shell: Shell, args: list[str], sentence: str) -> None:
    done = shell.run(*args)

    assert done.code == 2
    assert done.out == ""
    assert sentence in done.err
    assert done.err.startswith("tui-dl: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err
    assert shell.configs == [], "nothing may be opened before the input is known to be good"
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ftp://127.0.0.1/x\n", "line 1: Only http"),
        ("# one\nnothing\n", "line 2: The URL has no scheme"),
        (f"{ONE}\n  checksum=sha-256=1\n", "line 2: checksum: A sha256 checksum has 64"),
        (f"{ONE}\n  split=0\n", "line 2: split: '0' is not a whole number"),
        (f"{ONE}\n  load-cookies=gone\n", "line 2: load-cookies: There is no file 'gone'"),
        (f"{ONE}\n  pause=perhaps\n", "line 2: pause: 'perhaps' must be true or false"),
        ("  out=x\n", "line 1: an option stands before"),
    ],
)
def test_a_bad_list_names_its_line(shell: Shell, text: str, sentence: str) -> None:
    done = shell.run("get", "-i", "-", stdin=text.encode())

    assert done.code == 2
    assert sentence in done.err
    assert shell.configs == []


def test_a_list_that_is_no_text_is_refused(shell: Shell) -> None:
    done = shell.run("get", "-i", "-", stdin=b"\xff\xfe")

    assert done.code == 2
    assert "not UTF-8" in done.err


def test_a_secret_in_a_bad_address_is_not_repeated(shell: Shell) -> None:
    """Trap S7."""
    done = shell.run("get", "ftp://me:hunter2@127.0.0.1/x")

    assert done.code == 2
    assert "hunter2" not in done.err


def test_words_of_the_command_line_cannot_steer_the_terminal(shell: Shell) -> None:
    """Trap S9."""
    done = shell.run("get", "\x1b]0;title\x07")

    assert done.code == 2
    assert not set(done.err) & set("\x1b\x07")
