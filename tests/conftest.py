"""Fixtures of the whole suite: a clean environment and the fault server."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.server import FaultServer
from tests.support.tls import Certificates, make_certificates

_PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks that tests may carry; take the clock out of property tests."""
    # A machine under load is slow, not wrong: Hypothesis must not fail a test for its time.
    settings.register_profile("suite", deadline=None)
    settings.load_profile("suite")
    # A run in the background is started deaf to ctrl+c, and so would be each program we start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "slow: takes more than a few seconds; -m 'not slow' skips")


@pytest.fixture(autouse=True)
def clean_env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give each test a home of its own and no proxy; return that home.

    ``HOME`` and all XDG folders lie inside it, ``TUI_DL_*`` and proxy variables are unset.
    """
    home = tmp_path / "home"
    for name in list(os.environ):
        if name.startswith("TUI_DL_") or name.lower() in _PROXY_NAMES:
            monkeypatch.delenv(name)
    home.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    for name, folder in (
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_RUNTIME_DIR", "run"),
        ("XDG_DOWNLOAD_DIR", "Downloads"),
    ):
        path = home / folder
        path.mkdir(mode=0o700, parents=True)
        monkeypatch.setenv(name, str(path))
    return home


@pytest.fixture
def fault_server() -> Iterator[FaultServer]:
    """Yield a running fault server on 127.0.0.1; its scripts' mistakes fail the test."""
    server = FaultServer()
    try:
        yield server
    finally:
        server.close()
    assert not server.is_alive
    server.raise_errors()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Return server contexts (good, expired, wrong host ...) and the CA file behind them."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls_server(certificates: Certificates) -> Iterator[FaultServer]:
    """Yield a fault server with a good certificate of ``certificates.ca_file``."""
    server = FaultServer(tls=certificates.good)
    try:
        yield server
    finally:
        server.close()
    assert not server.is_alive
    server.raise_errors()
