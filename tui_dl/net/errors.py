"""From the exceptions of sockets, TLS, h11 and httpx to ours: the one place for it.

Every sentence names ``host:port``; many foreign exceptions have no text at all (trap H18).
Must not decide about retries beyond the flag: the engine counts tries.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl

import h11

from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.net.quiet_httpx import httpx

LONGEST_WORDS = 160
"""Foreign texts may quote what a server sent, which has no bound."""

_CERTIFICATE_REASONS = {
    9: "it is not valid yet; check the clock of this machine",
    10: "it has expired",
    18: "it is self-signed",
    19: "it was issued by a self-signed authority that this machine does not trust",
    20: "it was issued by an authority that this machine does not trust",
    21: "it was issued by an authority that this machine does not trust",
    23: "it was revoked",
    62: "it is for another host",
    64: "it is for another address",
}
"""X509_V_ERR numbers of OpenSSL, in words."""


def transfer_error(error: BaseException, where: str) -> TransferError:
    """Return what ``error`` means; ``where`` is ``host:port``. Never a cancellation.

    The caller raises it ``from error``. An error of our own passes through as it is.
    """
    if isinstance(error, TransferError):
        return error
    if isinstance(error, httpx.HTTPError | httpx.StreamError):
        return _from_httpx(error, where)
    if isinstance(error, h11.ProtocolError):
        return _made(f"{where} broke the HTTP protocol: {_words(error)}.", ErrorCode.PROTOCOL)
    if isinstance(error, ssl.SSLError):
        return _from_tls(error, where)
    if isinstance(error, socket.gaierror):
        return _from_resolver(error, where)
    if isinstance(error, TimeoutError):
        return _made(f"{where} did not answer in time.", ErrorCode.TIMEOUT)
    if isinstance(error, ConnectionRefusedError):
        return _made(
            f"{where} refused the connection; no server listens there now.",
            ErrorCode.CONNECT_REFUSED,
        )
    if isinstance(error, ConnectionError):
        return connection_lost(where)
    if isinstance(error, OSError):
        return _from_system(error, where)
    return _made(
        f"The connection to {where} failed: {type(error).__name__} {_words(error)}.",
        ErrorCode.CONNECT_FAILED,
    )


def connection_lost(where: str) -> TransferError:
    """The peer, or something between, reset the connection."""
    return _made(f"{where} closed the connection unexpectedly.", ErrorCode.CONNECTION_LOST)


def truncated(where: str, missing_bytes: int | None = None) -> TransferError:
    """The body ended before it was complete (RFC 9112 section 8)."""
    gap = "" if missing_bytes is None else f", {missing_bytes} bytes short"
    return _made(f"{where} ended the reply too early{gap}.", ErrorCode.TRUNCATED)


def surplus(where: str, length: int) -> TransferError:
    """The body went on behind its declared end: which of the two is wrong (trap H12)?"""
    return _made(f"{where} declared {length} bytes and sent more.", ErrorCode.RESOURCE_CHANGED)


def silence(where: str, seconds: float) -> TransferError:
    """Nothing arrived for too long (trap H19)."""
    return _made(f"{where} sent nothing for {seconds:g} seconds.", ErrorCode.TIMEOUT)


def no_head(where: str, seconds: float) -> TransferError:
    """The head did not end in time, be it by silence, drip or interim replies (H21)."""
    return _made(
        f"{where} did not finish the head of its reply within {seconds:g} seconds.",
        ErrorCode.TIMEOUT,
    )


def no_connection(where: str, seconds: float) -> TransferError:
    """Name look-up, TCP and TLS together took too long."""
    return _made(f"No connection to {where} within {seconds:g} seconds.", ErrorCode.TIMEOUT)


def proxy_refusal(where: str, *, has_login: bool) -> TransferError:
    """The proxy wants a login, or another one."""
    how = "does not accept the login" if has_login else "wants a login"
    return _made(
        f"The proxy {where} {how}. Write it as --proxy SCHEME://USER:PASSWORD@{where}.",
        ErrorCode.PROXY,
        retryable=False,
    )


def proxy_unreachable(error: TransferError) -> TransferError:
    """The way to the proxy failed; ``error`` names its address."""
    return TransferError(
        f"The proxy cannot be reached: {error.message}",
        code=error.code,
        retryable=error.retryable,
    )


def _made(message: str, code: ErrorCode, *, retryable: bool = True) -> TransferError:
    return TransferError(message, code=code, retryable=retryable)


def _words(error: BaseException) -> str:
    """Return the exception's own words, or its name when it has none (trap H18)."""
    return str(error).strip().rstrip(".")[:LONGEST_WORDS] or type(error).__name__


def _from_tls(error: ssl.SSLError, where: str) -> TransferError:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _CERTIFICATE_REASONS.get(error.verify_code, error.verify_message)
        return _made(
            f"The certificate of {where} cannot be trusted: {reason}.",
            ErrorCode.TLS,
            retryable=False,
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError):
        return connection_lost(where)
    reason = (getattr(error, "reason", None) or _words(error)).lower().replace("_", " ")
    return _made(f"TLS with {where} failed: {reason}.", ErrorCode.TLS, retryable=False)


def _from_resolver(error: socket.gaierror, where: str) -> TransferError:
    if error.errno == socket.EAI_AGAIN:
        return _made(
            f"The address of {where} could not be looked up just now.", ErrorCode.UNKNOWN_HOST
        )
    return _made(f"There is no host {where}.", ErrorCode.UNKNOWN_HOST, retryable=False)


def _from_system(error: OSError, where: str) -> TransferError:
    if error.errno == errno.ETIMEDOUT:
        return _made(f"{where} did not answer in time.", ErrorCode.TIMEOUT)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return _made(
            f"No connection to {where}: too many files are open.", ErrorCode.CONNECT_FAILED
        )
    words = os.strerror(error.errno) if error.errno else _words(error)
    return _made(f"No connection to {where}: {words.lower()}.", ErrorCode.CONNECT_FAILED)


def _from_httpx(error: httpx.HTTPError | httpx.StreamError, where: str) -> TransferError:
    """Map what the fallback transport raises; it wraps the causes that we know."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError | socket.gaierror | ConnectionRefusedError):
            return transfer_error(cause, where)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ProxyError):
        words = _words(error)  # the status of its answer to CONNECT, when there was one
        return _made(
            f"The proxy would not connect to {where}: {words}.",
            ErrorCode.PROXY,
            retryable=words.startswith("5"),
        )
    if isinstance(error, httpx.TimeoutException):
        return _made(f"{where} did not answer in time.", ErrorCode.TIMEOUT)
    if isinstance(error, httpx.RemoteProtocolError):
        if "peer closed connection" in str(error):
            return truncated(where)
        if any(word in str(error) for word in ("disconnected", "Terminated", "StreamReset")):
            return connection_lost(where)
        return _made(f"{where} broke the HTTP protocol: {_words(error)}.", ErrorCode.PROTOCOL)
    if isinstance(error, httpx.ConnectError):
        return _made(f"No connection to {where}: {_words(error)}.", ErrorCode.CONNECT_FAILED)
    return connection_lost(where)
