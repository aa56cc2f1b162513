"""Logins on the command line: where secrets may come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tui_dl.domain.model import DownloadOptions

URL = "http://127.0.0.1:1/one.bin"


def options_of(shell: Shell, *args: str) -> DownloadOptions:
    done = shell.run("get", *args, URL)
    assert done.code == 0, done.err
    [request] = shell.service.added
    return request.options


def test_every_login_flag_has_its_place(shell: Shell) -> None:
    for name in ("netrc", "cert.pem", "key.pem"):
        Path(name).write_text("")
    Path("pass").write_text("key pass\nrest\n")

    options = options_of(
        shell,
        *("--http-auth-challenge", "--netrc-path", "netrc", "--save-cookies", "jar.txt"),
        *("--certificate", "cert.pem", "--private-key", "key.pem", "--bearer", "abc"),
        *("--private-key-password-file", "pass", "--no-netrc"),
    )

    here = Path.cwd()
    assert options == DownloadOptions(
        auth_challenge=True,
        netrc_file=str(here / "netrc"),
        save_cookies=str(here / "jar.txt"),
        certificate=str(here / "cert.pem"),
        private_key=str(here / "key.pem"),
        private_key_password="key pass",
        bearer="abc",
        use_netrc=False,
    )


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("--http-passwd-file", "file"), DownloadOptions(http_password="abc.def")),
        (("--bearer", "@file"), DownloadOptions(bearer="abc.def")),
        (("--bearer", "env:MY_TOKEN"), DownloadOptions(bearer="ghi")),
    ],
)
def test_secrets_out_of_files_and_the_environment(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    expected: DownloadOptions,
) -> None:
    Path("file").write_text("abc.def\r\nmore\n")
    monkeypatch.setenv("MY_TOKEN", "ghi")
    assert options_of(shell, *args) == expected


@pytest.mark.parametrize(
    "args",
    [
        ("--bearer", "s3cret s3cret"),
        ("--bearer", "@missing"),
        ("--bearer", "env:NOT_SET_ANYWHERE"),
        ("--http-user", "me", "--http-passwd-file", "missing"),
        ("--http-user", "me", "--http-passwd-file", "/dev/null"),
        ("--private-key", "/dev/null"),
        ("--certificate", "missing"),
    ],
)
def test_bad_logins_are_refused_without_their_secrets(shell: Shell, args: tuple[str, ...]) -> None:
    done = shell.run("get", *args, URL)

    assert done.code == 2
    assert done.err.count("\n") <= 4
    assert "s3cret" not in done.err + done.out
    assert shell.service.added == []


def test_a_list_has_them_too(shell: Shell) -> None:
    Path("cert.pem").write_text("")
    text = (
        f"{URL}\n http-auth-challenge=true\n no-netrc=true\n bearer=abc\n certificate=cert.pem\n"
        " save-cookies=jar\n"
    )
    done = shell.run("get", "-i", "-", stdin=text.encode())

    assert done.code == 0, done.err
    [request] = shell.service.added
    assert request.options == DownloadOptions(
        auth_challenge=True,
        use_netrc=False,
        bearer="abc",
        certificate=str(Path("cert.pem").resolve()),
        save_cookies=str(Path("jar").resolve()),
    )
    assert "ignored" not in done.err
