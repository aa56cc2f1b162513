"""The wheel and the source archive: what is in them, and that they are enough.

The wheel is installed into an environment that has nothing but it and what it says that it
needs. Those packages are taken from here, file by file, so no network is asked; what only
the tests bring is not there.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pexpect
import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from tests.project.sources import PACKAGE, ROOT
from tests.support.fault_server import FaultServer, Resource, check_file
from tests.support.ports import free_port
from tui_dl import __version__
from tui_dl.cli.man import page

LIMIT_S = 110
MAN = "tui-dl.1"
MADE = f"tui_dl/cli/{MAN}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both and return their folder."""
    folder = tmp_path_factory.mktemp("built")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=LIMIT_S,
    )
    return folder


def needed(requirements: Iterable[str], extra: str = "") -> set[str]:
    """Return the distributions that ``requirements`` lead to, by what each declares."""
    found: set[str] = set()
    surroundings: dict[str, str] = {**dict(os_environment()), "extra": extra}
    for requirement in map(Requirement, requirements):
        if requirement.marker is not None and not requirement.marker.evaluate(surroundings):
            continue
        theirs = importlib.metadata.requires(requirement.name) or []
        found.add(requirement.name)
        for more in ("", *requirement.extras):
            found |= needed(theirs, more)
    return found


def os_environment() -> Iterator[tuple[str, str]]:
    """Yield what markers ask of this machine."""
    for name, value in default_environment().items():
        yield name, str(value)


def take(distribution: str, site: Path) -> None:
    """Link the files of an installed distribution into another environment."""
    for file in importlib.metadata.files(distribution) or ():
        if ".." in file.parts or "__pycache__" in file.parts:
            continue
        target = site / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.symlink_to(Path(str(file.locate())))


@pytest.fixture(scope="module")
def empty(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the wheel and what it declares, and nothing else."""
    place = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=LIMIT_S)
    [site] = place.glob("lib/python*/site-packages")
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        about = archive.read(f"tui_dl-{__version__}.dist-info/METADATA").decode()
    for distribution in needed(re.findall(r"^Requires-Dist: (.+)$", about, re.M)):
        take(distribution, site)
    pip = [str(place / "bin/python"), "-m", "pip", "--disable-pip-version-check"]
    quiet = ["install", "-q", "--no-index", "--no-deps", str(wheel)]
    subprocess.run([*pip, *quiet], check=True, timeout=LIMIT_S)
    checked = subprocess.run(
        [*pip, "check"], capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert checked.returncode == 0, checked.stdout
    return place


def test_the_page_that_is_shipped_is_the_one_of_the_program() -> None:
    made = "\n".join(page()) + "\n"
    again = f"python -m tui_dl man > {MADE}"
    assert (ROOT / MADE).read_text() == made, f"run: {again}"


def test_the_wheel_holds_everything_that_runs(built: Path) -> None:
    [path] = built.glob("*.whl")
    names = set(zipfile.ZipFile(path).namelist())
    sources = {
        f"tui_dl/{file.relative_to(PACKAGE).as_posix()}"
        for file in PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    info = f"tui_dl-{__version__}.dist-info"
    assert sources <= names
    assert {"tui_dl/tui/app.tcss", "tui_dl/py.typed", f"{info}/licenses/LICENSE"} <= names
    assert f"tui_dl-{__version__}.data/data/share/man/man1/{MAN}" in names
    assert [name for name in names if name.startswith("tests")] == []


def test_the_source_archive_holds_the_project(built: Path) -> None:
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("LICENSE", "README.md", MADE, "pyproject.toml", "tui_dl/tui/app.tcss"):
        assert name in names
    for name in ("tests/project/test_package.py", ".ci/run", "screenshots/add-80x24.png"):
        assert name in names


def test_it_runs_with_what_it_declares(
    empty: Path, tmp_path: Path, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/file.bin", size=300_000, seed=8))
    command = str(empty / "bin/tui-dl")
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environ |= {"TERM": "xterm-256color", "PATH": f"{empty}/bin:/usr/bin:/bin"}

    def run(*words: str, **more: str) -> str:
        done = subprocess.run(
            [command, *words],
            cwd=tmp_path,
            env=environ | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = subprocess.run(
        [str(empty / "bin/python"), "-c", "import tui_dl; print(tui_dl.__file__)"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert where.startswith(str(empty))
    assert __version__ in run("--version")
    assert run("get", "-q", url) == f"{tmp_path}/file.bin\n"
    check_file(tmp_path / "file.bin", seed=8, size=300_000)
    assert run("man") == (empty / f"share/man/man1/{MAN}").read_text()
    assert "tui-dl" in run(_TUI_DL_COMPLETE="bash_source")

    serving = subprocess.Popen(
        [command, "serve", "-q", "--port", str(free_port()), "-d", "served"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert serving.stdout is not None
        assert serving.stdout.readline().startswith("http://127.0.0.1:")
        run("add", url)
        assert "file.bin" in run("ls")
    finally:
        serving.terminate()
        serving.communicate(timeout=LIMIT_S)
    assert serving.returncode == 143

    app = pexpect.spawn(
        command, cwd=str(tmp_path), env=environ, dimensions=(24, 80), timeout=LIMIT_S
    )
    try:
        app.expect(b"file.bin")
        app.send("q")
        app.expect(pexpect.EOF)
        app.close()
        assert app.exitstatus == 0
    finally:
        app.close(force=True)


def test_what_only_the_tests_bring_is_not_there(empty: Path) -> None:
    [site] = empty.glob("lib/python*/site-packages")
    there = {path.name for path in site.iterdir()}
    assert {"httpx", "textual", "uvicorn"} <= there
    assert not there & {"h2", "pytest", "hypothesis", "trustme", "pexpect", "aria2p"}
