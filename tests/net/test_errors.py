"""Foreign exceptions become sentences (H18); importing this room stays cheap."""

from __future__ import annotations

import errno
import socket
import ssl
import subprocess
import sys

import h11
import httpx
import pytest

from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.net.addresses import Scope, parse_address, scope_of
from tui_dl.net.errors import transfer_error

WHERE = "files.example:443"


def caused(error: Exception, cause: Exception) -> Exception:
    """Return ``error`` as if raised from ``cause``."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (ConnectionResetError(), ErrorCode.CONNECTION_LOST, True),
        (BrokenPipeError(), ErrorCode.CONNECTION_LOST, True),
        (ConnectionRefusedError(), ErrorCode.CONNECT_REFUSED, True),
        (TimeoutError(), ErrorCode.TIMEOUT, True),
        (OSError(errno.ETIMEDOUT, ""), ErrorCode.TIMEOUT, True),
        (OSError(errno.ENETUNREACH, "x"), ErrorCode.CONNECT_FAILED, True),
        (OSError(errno.EMFILE, "x"), ErrorCode.CONNECT_FAILED, True),
        (OSError("Multiple exceptions"), ErrorCode.CONNECT_FAILED, True),
        (OSError(), ErrorCode.CONNECT_FAILED, True),
        (RuntimeError(), ErrorCode.CONNECT_FAILED, True),
        (socket.gaierror(socket.EAI_AGAIN, ""), ErrorCode.UNKNOWN_HOST, True),
        (socket.gaierror(socket.EAI_NONAME, ""), ErrorCode.UNKNOWN_HOST, False),
        (ssl.SSLError(1, "[SSL] WRONG_VERSION_NUMBER"), ErrorCode.TLS, False),
        (ssl.SSLEOFError(8, "EOF"), ErrorCode.CONNECTION_LOST, True),
        (h11.RemoteProtocolError("bad"), ErrorCode.PROTOCOL, True),
        (httpx.ReadError(""), ErrorCode.CONNECTION_LOST, True),
        (httpx.ReadTimeout(""), ErrorCode.TIMEOUT, True),
        (httpx.ConnectTimeout(""), ErrorCode.TIMEOUT, True),
        (httpx.ConnectError(""), ErrorCode.CONNECT_FAILED, True),
        (httpx.ProxyError("407 Login"), ErrorCode.PROXY, False),
        (httpx.ProxyError("503 Busy"), ErrorCode.PROXY, True),
        (httpx.RemoteProtocolError("peer closed connection"), ErrorCode.TRUNCATED, True),
        (httpx.RemoteProtocolError("Server disconnected"), ErrorCode.CONNECTION_LOST, True),
        (httpx.RemoteProtocolError("illegal header line"), ErrorCode.PROTOCOL, True),
        (httpx.StreamClosed(), ErrorCode.CONNECTION_LOST, True),
        (
            caused(httpx.ConnectError(""), socket.gaierror(socket.EAI_NONAME, "")),
            ErrorCode.UNKNOWN_HOST,
            False,
        ),
        (
            caused(httpx.ConnectError(""), ConnectionRefusedError()),
            ErrorCode.CONNECT_REFUSED,
            True,
        ),
    ],
)
def test_every_error_has_a_code_and_a_sentence(
    error: Exception, code: ErrorCode, retryable: bool
) -> None:
    made = transfer_error(error, WHERE)
    assert (made.code, made.retryable) == (code, retryable)
    assert WHERE in made.message
    assert made.message.endswith(".")
    assert not made.message.endswith(("..", ": .", " ."))


def test_our_own_errors_pass_through() -> None:
    error = TransferError("as it is")
    assert transfer_error(error, WHERE) is error


def test_long_foreign_words_are_cut() -> None:
    assert len(transfer_error(h11.RemoteProtocolError("x" * 70_000), WHERE).message) < 300


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("127.0.0.1", Scope.LOOPBACK),
        ("127.8.8.8", Scope.LOOPBACK),
        ("0.0.0.0", Scope.LOOPBACK),
        ("::1", Scope.LOOPBACK),
        ("::", Scope.LOOPBACK),
        ("::ffff:127.0.0.1", Scope.LOOPBACK),
        ("169.254.1.1", Scope.LINK_LOCAL),
        ("fe80::1%eth0", Scope.LINK_LOCAL),
        ("10.0.0.1", Scope.PRIVATE),
        ("192.168.1.1", Scope.PRIVATE),
        ("172.16.0.1", Scope.PRIVATE),
        ("100.64.0.1", Scope.PRIVATE),
        ("fd00::1", Scope.PRIVATE),
        ("224.0.0.1", Scope.PRIVATE),
        ("::ffff:10.0.0.1", Scope.PRIVATE),
        ("64:ff9b::a00:1", Scope.PRIVATE),
        ("8.8.8.8", Scope.PUBLIC),
        ("2001:4860:4860::8888", Scope.PUBLIC),
        ("64:ff9b::808:808", Scope.PUBLIC),
    ],
)
def test_scopes_of_addresses(text: str, scope: Scope) -> None:
    """H26, S12: the same address in any spelling."""
    address = parse_address(text)
    assert address is not None
    assert scope_of(address) is scope


def test_names_are_no_addresses() -> None:
    assert parse_address("localhost") is None
    assert parse_address("127.1") is None, "the resolver makes an address of it, then it is judged"


def test_importing_the_client_loads_no_program_and_no_screen() -> None:
    """Start-up time: httpx's own command line would bring rich and pygments along."""
    code = (
        "import sys, tui_dl.net.client\n"
        "print(sorted({'rich', 'pygments', 'click', 'textual', 'truststore', 'httpcore',"
        " 'httpx._main', 'certifi'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
