"""From flags and lists to requests: what each download is asked to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tui_dl.domain.model import AddRequest, Digest, DownloadOptions

ONE = "http://127.0.0.1:1/one.bin"
TWO = "http://127.0.0.1:1/two.bin"
HEX = "ab" * 32


def one_request(shell: Shell, *args: str, stdin: bytes = b"") -> AddRequest:
    done = shell.run("get", *args, stdin=stdin)
    assert done.code == 0, done.err
    [request] = shell.service.added
    return request


def test_every_flag_has_its_place(shell: Shell) -> None:
    cookies = Path("cookies.txt")
    cookies.write_text("# Netscape HTTP Cookie File\n")
    pem = Path("ca.pem")
    pem.write_text("")

    request = one_request(
        shell,
        *("-o", "name.bin", "-x", "8", "-H", "X-A: 1", "--header", "X-B:2", "-U", "agent/1"),
        *("-e", "http://127.0.0.1/page", "--checksum", f"sha-256={HEX}", "--mirror", f"{TWO}?a,b"),
        *("--limit", "2M", "-m", "0", "-t", "30", "--connect-timeout", "5", "--proxy", ""),
        *("--ca-certificate", "ca.pem", "--no-check-certificate", "--http-user", "me"),
        *("--http-passwd", "pw", "--load-cookies", "cookies.txt", ONE),
    )

    assert request == AddRequest(
        ONE,
        str(Path.cwd()),
        DownloadOptions(
            out="name.bin",
            connections=8,
            headers=(("X-A", "1"), ("X-B", "2")),
            user_agent="agent/1",
            referer="http://127.0.0.1/page",
            digests=(Digest("sha256", HEX),),
            mirrors=(f"{TWO}?a,b",),
            limit_bps=2 * 1024 * 1024,
            max_tries=0,
            timeout_s=30.0,
            connect_timeout_s=5.0,
            proxy="",
            ca_certificate=str(pem.resolve()),
            check_certificate=False,
            http_user="me",
            http_password="pw",
            cookie_file=str(cookies.resolve()),
        ),
    )


def test_flags_that_are_not_given_leave_everything_open(shell: Shell) -> None:
    assert one_request(shell, ONE).options == DownloadOptions()


@pytest.mark.parametrize(
    ("alias", "value", "field", "expected"),
    [
        ("--max-download-limit", "1K", "limit_bps", 1024),
        ("--http-password", "pw", "http_password", "pw"),
        ("--all-proxy", "http://127.0.0.1:3", "proxy", "http://127.0.0.1:3"),
        ("--max-tries", "3", "max_tries", 3),
        ("--timeout", "1m", "timeout_s", 60.0),
        ("--connections", "2", "connections", 2),
        ("--referer", "r", "referer", "r"),
        ("--user-agent", "u", "user_agent", "u"),
    ],
)
def test_the_names_of_other_tools_work(
    shell: Shell, alias: str, value: str, field: str, expected: object
) -> None:
    assert getattr(one_request(shell, alias, value, ONE).options, field) == expected


def test_the_url_is_kept_to_the_byte(shell: Shell) -> None:
    """Trap H39: a rewritten percent code breaks a signature."""
    url = "http://127.0.0.1:1/a%2fb//c/../d?x=%C3%a4,1&y"

    assert one_request(shell, url).url == url


@pytest.mark.parametrize(
    ("args", "directory", "name"),
    [
        (["-o", "a.bin"], ".", "a.bin"),
        (["-o", "sub/a.bin"], "sub", "a.bin"),
        (["-d", "base", "-o", "sub/a.bin"], "base/sub", "a.bin"),
        (["-d", "base", "-o", "/tmp/a.bin"], "/tmp", "a.bin"),
        (["-o", "~/a.bin"], "~", "a.bin"),
    ],
)
def test_a_name_with_folders_is_a_folder_and_a_name(
    shell: Shell, args: list[str], directory: str, name: str
) -> None:
    request = one_request(shell, *args, ONE)

    assert Path(request.directory) == (Path.cwd() / Path(directory).expanduser()).resolve()
    assert request.options.out == name


def test_a_list_gives_each_entry_its_own_options(shell: Shell) -> None:
    text = f"""{ONE}\t{TWO}
  out=first.bin
  dir=there
  checksum=sha-256={HEX}
  header=X-A: 1
  header=X-B: 2
  split=5
  max-download-limit=1M
  max-tries=2
  timeout=9
  user-agent=mine
  referer=r
  check-certificate=false
  pause=true
  no-such-thing=1
{TWO}
"""

    done = shell.run("get", "-i", "-", "-H", "X-All: 0", "-x", "3", stdin=text.encode())

    assert done.code == 0
    assert "no-such-thing of the list is not known" in done.err
    first, second = shell.service.added
    assert first.directory == str(Path.cwd() / "there")
    assert first.options == DownloadOptions(
        out="first.bin",
        mirrors=(TWO,),
        digests=(Digest("sha256", HEX),),
        headers=(("X-All", "0"), ("X-A", "1"), ("X-B", "2")),
        connections=5,
        limit_bps=1024 * 1024,
        max_tries=2,
        timeout_s=9.0,
        user_agent="mine",
        referer="r",
        check_certificate=False,
    )
    assert not first.paused, "a paused entry would keep get waiting for ever"
    assert second.directory == str(Path.cwd())
    assert second.options == DownloadOptions(connections=3, headers=(("X-All", "0"),))


def test_a_list_and_arguments_go_together(shell: Shell) -> None:
    Path("list.txt").write_text(f"{TWO}\n")

    shell.run("get", "-i", "list.txt", ONE)

    assert [request.url for request in shell.service.added] == [ONE, TWO]


def test_every_way_has_its_place(shell: Shell) -> None:
    request = one_request(
        shell,
        *("--proxy", "socks5h://me:pw@127.0.0.1", "--no-proxy", "10.0.0.0/8,x", "-6"),
        *("--interface", "lo", "--resolve", "a:1:127.0.0.1", "--resolve", "b:2:::1", ONE),
    )

    assert request.options == DownloadOptions(
        proxy="socks5h://me:pw@127.0.0.1",
        no_proxy="10.0.0.0/8,x",
        ip_version=6,
        interface="lo",
        resolve=("a:1:127.0.0.1", "b:2:::1"),
    )


@pytest.mark.parametrize("flag", ["-4", "--ipv4", "--disable-ipv6"])
def test_ipv4_only(shell: Shell, flag: str) -> None:
    assert one_request(shell, flag, ONE).options.ip_version == 4


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("http-proxy=p:1", DownloadOptions(proxy="p:1")),
        ("https-proxy=p:1", DownloadOptions()),
        ("all-proxy=socks5://p:1", DownloadOptions(proxy="socks5://p:1")),
        ("no-proxy=x", DownloadOptions(no_proxy="x")),
        ("interface=127.0.0.1", DownloadOptions(interface="127.0.0.1")),
        ("disable-ipv6=true", DownloadOptions(ip_version=4)),
        ("resolve=a:1:127.0.0.1 b:2:::1", DownloadOptions(resolve=("a:1:127.0.0.1", "b:2:::1"))),
    ],
)
def test_ways_in_a_list(shell: Shell, line: str, expected: DownloadOptions) -> None:
    request = one_request(shell, "-i", "-", stdin=f"{ONE}\n {line}\n".encode())

    assert request.options == expected


@pytest.mark.parametrize(
    "args",
    [
        ("--proxy", "socks4://s3cret@p"),
        ("--resolve", "a:b"),
        ("--interface", "a b"),
    ],
)
def test_ways_that_are_none(shell: Shell, args: tuple[str, ...]) -> None:
    done = shell.run("get", *args, ONE)

    assert done.code == 2
    assert "s3cret" not in done.err
    assert shell.service.added == []
