"""Every code block of the README does what it says, on a machine made for it.

A block is known by its first words. One that nobody has named below turns this red: say how
it runs, or put it under ``NOT_RUN`` with the reason and what is checked instead.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

from tests.domain.test_aria2_control import control
from tests.project.readme_shell import LIMIT_S, PASSWORD, SEED, SIZE, Machine, make_machine
from tests.project.sources import ROOT
from tests.project.test_readme import README
from tests.support.body import body_bytes
from tests.support.daemon import microsocks, running, tinyproxy
from tests.support.fault_server import FaultServer, Resource
from tests.support.ports import free_port
from tests.support.tls import Certificates
from tui_dl.config.schema import Settings
from tui_dl.config.store import load_settings
from tui_dl.storage.catalog_reader import read_catalog

BLOCKS = re.findall(r"^```\w*\n(.*?)^```", README, re.M | re.S)
IN_BACKGROUND = """{line} > said & engine=$!
until grep -q http said; do kill -0 $engine; sleep 0.05; done
"""
ENDED = "kill $engine; wait $engine || test $? = 143\n"


@pytest.fixture
def machine(
    tmp_path: Path, clean_env: Path, tls_server: FaultServer, certificates: Certificates
) -> Iterator[Machine]:
    made = make_machine(tmp_path, clean_env, tls_server, certificates)
    yield made
    made.close()


def block(begin: str) -> str:
    """Return the one block that begins so."""
    [found] = [text for text in BLOCKS if text.startswith(begin)]
    return str(found)


def first_get(m: Machine) -> None:
    out = m.run(block("tui-dl get https://host/a.iso\n"))
    assert out.split() == [f"{m.folder}/a.iso", f"{m.home}/isos/a.iso"]
    assert m.files() == ["a.iso"]


def service(m: Machine) -> None:
    m.run(block("tui-dl service install"))
    unit = (m.home / ".config/systemd/user/tui-dl.service").read_text()
    assert "api.port=1750" in unit
    asked = (m.home / "asked").read_text()
    assert "systemctl --user enable tui-dl.service" in asked
    assert asked.endswith("loginctl enable-linger\n")


def laptop(m: Machine) -> None:
    m.replaced["1750"] = m.serve().rpartition(":")[2]
    script = m.localized(block("ssh -fN"))
    terminal = pexpect.spawn(
        "bash",
        ["-euc", script],
        cwd=str(m.folder),
        env=m.environ,
        dimensions=(24, 80),
        timeout=LIMIT_S,
    )
    try:
        terminal.expect(b"Nothing to download yet")
        terminal.send("q")
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert terminal.exitstatus == 0
    finally:
        terminal.close(force=True)
    assert "a.iso" in m.run("tui-dl ls")
    assert (m.home / "asked").read_text().startswith("ssh -fN -L ")


def aria2_clients(m: Machine) -> None:
    m.replaced["6800"] = str(free_port())
    serving, *others = block("tui-dl serve --rpc-port").splitlines(keepends=True)
    script = IN_BACKGROUND.format(line=serving.strip()) + "".join(others)
    out = m.run(script + "tui-dl ls --json\n" + ENDED)
    assert m.server.url("/a.iso", host="localhost") in out


def cron(m: Machine) -> None:
    line = re.sub(r"^(\S+ ){5}", "", block("30 1 * * *"))
    assert m.run(line) == ""
    assert m.files() == ["one.iso", "two.iso"]


def piped_list(m: Machine) -> None:
    out = m.run(block("tui-dl get -j 5"))
    assert out.count(m.digest) == 2


def pages_and_series(m: Machine) -> None:
    m.run(block("tui-dl get --links"))
    assert m.files() == [*("a.iso", "b.iso"), *(f"disc{n:02}.iso" for n in range(1, 13))]
    assert "a.iso" in m.run("tui-dl ls")


def list_file(m: Machine) -> None:
    (m.folder / "listed.txt").write_text(m.localized(block("https://host/a.iso\t")))
    out = m.run("tui-dl get -i listed.txt")
    found = sorted(out.split())
    assert found == [f"{m.folder}/first.iso", f"{m.folder}/srv/other/b.iso"]


def patterns(m: Machine) -> None:
    m.run(block("tui-dl get 'https://host/{linux"))
    assert len(m.files()) == 6


def logins(m: Machine) -> None:
    m.run(block("tui-dl get --http-user"), stdin=f"{PASSWORD}\n")
    assert m.files() == ["a.iso", "b.bin", "c.zip", "d.bin"]
    fields = {key.lower(): value for key, value in m.server.requests("/b.bin")[0].headers}
    assert fields["authorization"] == "Bearer secret"


def schedules(m: Machine) -> None:
    *serving, later, sooner = block("tui-dl serve --set 'queue.schedule").splitlines()
    assert len(serving) == 3
    in_turn = "".join(IN_BACKGROUND.format(line=line) + ENDED for line in serving)
    m.run(f"{in_turn}{later}\n{sooner}")
    records = {
        record.url[-5:]: record for record in read_catalog(m.state / "catalog.sqlite3").records
    }
    assert records["a.iso"].options.start_at is not None
    assert records["b.iso"].options.priority == 10
    assert records["b.iso"].position < records["a.iso"].position


def ways(m: Machine) -> None:
    m.replaced |= {"*.corp": "localhost", "https://files.corp/": "https://host/"}
    m.replaced |= {"wg0": "lo", "host:443:192.0.2.7": f"localhost:{m.server.port}:127.0.0.1"}
    with (
        running("microsocks", microsocks("me", "pw")) as socks,
        running("tinyproxy", tinyproxy()) as proxy,
    ):
        m.replaced |= {":1080": f":{socks.port}", "10.0.0.1:3128": f"127.0.0.1:{proxy.port}"}
        m.run(block("tui-dl get --proxy socks5h"))
        proxy.stop()
        assert f"CONNECT localhost:{m.server.port}" in proxy.log()
    assert m.files() == ["a.iso", "b.bin", "c.zip"]


def versions(m: Machine) -> None:
    out = m.run(block("tui-dl get --dry-run"))
    assert m.files() == ["a.iso", "b.iso", "film.mkv"]
    assert str(SIZE) in out or "58.6" in out


def moved(m: Machine) -> None:
    out = m.run(block("tui-dl get --move-to"))
    assert out.strip() == f"{m.home}/Films/film.mkv"
    assert [path.name for path in (m.home / "Films").iterdir()] == ["film.mkv"]
    assert not (m.folder / "film.mkv").exists()


def from_aria2(m: Machine) -> None:
    path = m.folder / "a.iso"
    path.write_bytes(body_bytes(SEED, 0, 32 * 1024))
    path.with_name("a.iso.aria2").write_bytes(control(b"\xc0", SIZE, piece=16 * 1024))
    assert m.run(block("tui-dl get --adopt")).strip() == f"{m.folder}/a (1).iso"
    assert m.files() == ["a (1).iso"]


def hooks(m: Machine) -> None:
    path = m.folder / "settings.toml"
    path.write_text(block("[after]"))
    loaded = load_settings(path)
    assert list(loaded.problems) == []
    given = tomllib.loads(path.read_text())["after"]
    assert loaded.settings.after.categories == given["categories"]
    assert loaded.settings.after.on_complete != Settings().after.on_complete


def surge_calls(m: Machine) -> None:
    m.server.add(Resource(path="/*", size=50_000_000, seed=SEED, rate_bps=20_000))
    m.serve("-d", str(m.home / "Downloads"))
    out = m.run(block('curl -X POST "http://localhost:1700/download'))
    assert "550e8400-e29b-41d4-a716-446655440000" in out
    assert m.run("tui-dl ls --json").strip() in ("", "[]")


def all_dialects(m: Machine) -> None:
    m.serve("-d", str(m.home / "Downloads"))
    m.run(block("TOKEN=$(tui-dl token)"))
    listed = m.run("tui-dl ls --json")
    assert all(f"/{letter}.iso" in listed for letter in "abcd")


RUN: dict[str, Callable[[Machine], None]] = {
    "tui-dl get https://host/a.iso\n": first_get,
    "tui-dl service install": service,
    "ssh -fN": laptop,
    "tui-dl serve --rpc-port": aria2_clients,
    "30 1 * * *": cron,
    "tui-dl get -j 5": piped_list,
    "tui-dl get --links": pages_and_series,
    "https://host/a.iso\t": list_file,
    "tui-dl get 'https://host/{linux": patterns,
    "tui-dl get --http-user": logins,
    "tui-dl serve --set 'queue.schedule": schedules,
    "tui-dl get --proxy socks5h": ways,
    "tui-dl get --dry-run": versions,
    "[after]": hooks,
    "tui-dl get --move-to": moved,
    "tui-dl get --adopt": from_aria2,
    'curl -X POST "http://localhost:1700/download': surge_calls,
    "TOKEN=$(tui-dl token)": all_dialects,
}


@dataclass(frozen=True)
class NotRun:
    """A block that no test can run."""

    reason: str
    instead: str
    """File of the project that runs it, or takes it for its own."""
    pattern: str
    """What stands there."""


NOT_RUN = {
    "python3 -m venv .venv && .venv/bin/pip install -q . &&": NotRun(
        "it installs from the package index",
        ".ci/newcomer",
        r'r"\^python3 -m venv \.\*tui-dl\$"',
    ),
    "bash .ci/deps &&": NotRun(
        "it is the command that runs this test",
        ".ci/run",
        r"grep -E -- '-m pytest\$' README\.md",
    ),
}


def test_every_block_is_run_or_has_its_reason() -> None:
    assert len(BLOCKS) > 15
    known = (*RUN, *NOT_RUN)
    for text in BLOCKS:
        found = [begin for begin in known if text.startswith(begin)]
        assert len(found) == 1, f"nobody runs this block of the README:\n{text}"
    for begin in known:
        assert block(begin), begin


@pytest.mark.parametrize("begin", RUN, ids=lambda begin: RUN[begin].__name__)
def test_a_block_does_what_it_says(begin: str, machine: Machine) -> None:
    RUN[begin](machine)


@pytest.mark.parametrize("begin", NOT_RUN, ids=["setup", "tests"])
def test_what_is_not_run_parses_and_is_run_elsewhere(begin: str) -> None:
    rule = NOT_RUN[begin]
    subprocess.run(["bash", "-n", "-c", block(begin)], check=True)
    assert re.search(rule.pattern, (ROOT / rule.instead).read_text()), rule.reason


def test_completion_and_the_other_commands_in_a_line(machine: Machine) -> None:
    """What the README says within sentences; the rest of them is parsed in test_examples."""
    completion, export = (
        'eval "$(_TUI_DL_COMPLETE=bash_source tui-dl)"',
        "tui-dl export > queue.json",
    )
    moved = "tui-dl import queue.json"
    events = 'curl -N -H "Authorization: Bearer YOUR_TOKEN" http://localhost:1700/events'
    for shown in (completion, export, moved, events):
        assert f"`{shown}`" in README
    out = machine.run(f"{completion}\ncomplete -p tui-dl\n")
    assert "tui-dl" in out
    machine.run(f"tui-dl add https://host/a.iso\n{export}\ntui-dl rm --all\n{moved}\n")
    assert "a.iso" in machine.run("tui-dl ls")
    machine.serve("-d", str(machine.home / "Downloads"))
    head = machine.run(f"{events} --dump-header - --max-time 1 || test $? = 28")
    assert "text/event-stream" in head
