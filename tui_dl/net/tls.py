"""TLS: the settings of a request, the contexts made from them, and the record layer.

Owns certificate loading and the work between ciphertext and plaintext. Must not connect.
The layer is our own over ``ssl.MemoryBIO`` because the loops' differ where it matters: they
do not tell a close_notify from a bare FIN (RFC 9112 section 9.8), and drop what a paused
reader had not taken yet.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections.abc import Callable
from dataclasses import field, replace
from pathlib import Path
from typing import Any, TypeVar

from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.net.threads import call_in_thread

_HASHED_NAME = late_pattern(r"[0-9a-f]{8}\.[0-9]+")
"""As ``openssl rehash`` names a file of one authority."""

_UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's X509_V_ERR numbers for a chain that ends with nobody who is trusted."""

Context = TypeVar("Context")


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """How to check a server."""

    ca_certificate: str | None = None
    """PEM file whose authorities are trusted beside those of the system."""
    check: bool = True
    """Off: any certificate is accepted. A choice for one download, never a default."""
    certificate: str | None = None
    """PEM file with the client's own certificate; it is shown to one origin only."""
    private_key: str | None = None
    """PEM file with its key; ``None``: the key is in the same file."""
    private_key_password: str | None = field(default=None, repr=False)
    http2: bool = False
    """Offer HTTP/2. A context of its own: what is offered is set on the context."""

    def without_login(self) -> TlsOptions:
        """Return the options for an origin that the client's certificate is not for (H31)."""
        if self.certificate is None:
            return self
        return replace(self, certificate=None, private_key=None, private_key_password=None)


SYSTEM_TLS = TlsOptions()
"""The authorities of the system, everything checked."""


class TlsContexts:
    """Makes each context once, at first use, off the loop: loading authorities is slow."""

    def __init__(self) -> None:
        self._full: dict[TlsOptions, asyncio.Task[ssl.SSLContext]] = {}
        self._lean: dict[TlsOptions, asyncio.Task[ssl.SSLContext | None]] = {}
        self._needs_full: set[TlsOptions] = set()

    async def get(self, options: TlsOptions) -> ssl.SSLContext:
        """Return the context for ``options``.

        Raises:
            TransferError: TLS, the file with authorities cannot be used.
        """
        return await _once(self._full, options, make_context)

    async def get_lean(self, options: TlsOptions) -> ssl.SSLContext:
        """Return a context that may lack authorities, until ``turn_full`` was called.

        Raises:
            TransferError: TLS, the file with authorities cannot be used.
        """
        if options not in self._needs_full:
            context = await _once(self._lean, options, make_lean_context)
            if context is not None:
                return context
            self._needs_full.add(options)
        return await self.get(options)

    def turn_full(
        self, options: TlsOptions, tried: ssl.SSLContext, error: ssl.SSLCertVerificationError
    ) -> bool:
        """Lack no authority from now on; whether that may help against ``error`` of ``tried``.

        It helps each of those that tried the lean one at once, not only the first.
        """
        full = self._full.get(options)
        is_made = full is not None and full.done() and not full.cancelled()
        was_full = full is not None and is_made and not full.exception() and full.result() is tried
        if was_full or error.verify_code not in _UNKNOWN_ISSUER:
            return False
        self._needs_full.add(options)
        return True


async def _once(
    tasks: dict[TlsOptions, asyncio.Task[Context]],
    options: TlsOptions,
    make: Callable[[TlsOptions], Context],
) -> Context:
    """Return what ``make`` makes in a thread, at first use, or again after a failure."""
    task = tasks.get(options)
    if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
        task = asyncio.create_task(call_in_thread("tui-dl-tls", make, options))
        task.add_done_callback(_note_failure)
        tasks[options] = task
    return await asyncio.shield(task)


def _note_failure(task: asyncio.Task[Any]) -> None:
    """Count a failure as noted, even if all who asked have left meanwhile."""
    if not task.cancelled():
        task.exception()


def make_lean_context(options: TlsOptions) -> ssl.SSLContext | None:
    """Build a context that looks for an authority when a server names it; reads files.

    It trusts nobody whom the full one does not, but may not know them all. ``None`` where the
    system does not keep each in a file of its own.

    Raises:
        TransferError: TLS, the file with authorities cannot be used.
    """
    folder = hashed_folder()
    return None if folder is None else make_context(options, folder)


def make_context(options: TlsOptions, folder: str | None = None) -> ssl.SSLContext:
    """Build a context; reads files. Of the system's authorities those in ``folder``, if given.

    Raises:
        TransferError: TLS, the file with authorities cannot be used.
    """
    context = _system_context(folder) if options.check else _trusting_context()
    context.set_alpn_protocols(["h2", "http/1.1"] if options.http2 else ["http/1.1"])
    if options.ca_certificate is not None:
        try:
            context.load_verify_locations(cafile=options.ca_certificate)
        except OSError as error:  # ssl.SSLError is one: a file without a certificate
            reason = "it holds no PEM certificate"
            if not isinstance(error, ssl.SSLError):
                reason = (error.strerror or "it cannot be read").lower()
            raise TransferError(
                f"The CA certificate file {options.ca_certificate} cannot be used: {reason}.",
                code=ErrorCode.TLS,
                retryable=False,
            ) from error
    if options.certificate is not None:
        _load_own(context, options.certificate, options)
    return context


def _load_own(context: ssl.SSLContext, certificate: str, options: TlsOptions) -> None:
    """Load the client's certificate; OpenSSL must never ask for a password by itself."""
    password = options.private_key_password
    asked = False

    def tell() -> str:
        nonlocal asked
        asked = True
        return password or ""

    try:
        context.load_cert_chain(certificate, options.private_key, tell)
    except OSError as error:  # ssl.SSLError is one: no certificate, a wrong key or password
        if not isinstance(error, ssl.SSLError):
            reason = f"cannot be read: {(error.strerror or 'unknown').lower()}"
        elif asked:
            reason = "cannot be used: its key needs " + (
                "a password" if password is None else "another password"
            )
        else:
            reason = "cannot be used: it and the private key do not belong together, or are no PEM"
        raise TransferError(
            f"The client certificate {certificate} {reason}.",
            code=ErrorCode.TLS,
            retryable=False,
        ) from error


def hashed_folder() -> str | None:
    """Return where OpenSSL finds an authority by its name, if that is how they are kept here.

    Loading all of a system's authorities takes 25 ms of CPU, an eighth of a whole start.
    """
    if sys.platform in ("darwin", "win32"):
        return None
    paths = ssl.get_default_verify_paths()
    if not paths.capath or paths.openssl_cafile_env in os.environ:  # the user means that file
        return None
    try:
        is_hashed = any(
            _HASHED_NAME.fullmatch(found.name) for found in Path(paths.capath).iterdir()
        )
    except OSError:
        return None
    return paths.capath if is_hashed else None


def _system_context(folder: str | None) -> ssl.SSLContext:
    """Trust what the system trusts, or what of it is in ``folder``."""
    if sys.platform in ("darwin", "win32"):
        import truststore  # the system's own verifier there; on Linux OpenSSL's files are it

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return ssl.create_default_context(capath=folder)


def _trusting_context() -> ssl.SSLContext:
    """Trust everybody: the user said so for one download."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class TlsLayer:
    """Turns the ciphertext of one connection into plaintext and back. No I/O."""

    __slots__ = ("_incoming", "_object", "_outgoing", "closed", "is_drained")

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=host.rstrip(".")
        )
        self.closed = False
        """Whether the peer said goodbye (close_notify)."""
        self.is_drained = True
        """Whether ``read_into`` has found nothing more in what was received."""

    def handshake(self) -> bool:
        """Go on with the handshake; return whether it is done.

        Raises:
            ssl.SSLError: it failed.
        """
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def receive(self, ciphertext: memoryview) -> None:
        """Take what arrived."""
        self._incoming.write(ciphertext)

    def receive_end(self) -> None:
        """Note that nothing more arrives; ``read_into`` raises at the cut, if it is one."""
        self._incoming.write_eof()

    def read_into(self, room: memoryview) -> int:
        """Decrypt into ``room`` until it is full or nothing is left; return the bytes.

        Raises:
            ssl.SSLEOFError: the connection ended without a close_notify.
            ssl.SSLError: a record is broken.
        """
        size = len(room)
        filled = 0
        self.is_drained = False
        try:
            while filled < size:
                count = self._object.read(size - filled, room[filled:])
                if not count:
                    self.closed = True
                    break
                filled += int(count)
        except ssl.SSLWantReadError:
            self.is_drained = True
        except ssl.SSLEOFError:
            if not filled:  # else the caller takes those bytes first and asks again
                raise
        return filled

    def write(self, plaintext: bytes) -> None:
        """Encrypt; ``output`` has the result."""
        self._object.write(plaintext)

    def output(self) -> bytes:
        """Return ciphertext that must be sent now, often nothing."""
        return self._outgoing.read()
