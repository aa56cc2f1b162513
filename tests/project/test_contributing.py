"""What CONTRIBUTING says of the code is made from the code, or compared with it."""

from __future__ import annotations

import re
import tomllib

from tests.project.sources import ROOT
from tests.project.test_guide import anchor
from tui_dl.domain.lifecycle import TRANSITIONS, mermaid

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def names(requirements: list[str]) -> set[str]:
    """Return the packages that requirements name, without versions and extras."""
    return {re.split(r"[^A-Za-z0-9_-]", requirement)[0] for requirement in requirements}


def rows(head: str) -> set[str]:
    """Return the first cells of the table with this head."""
    table = TEXT.partition(f"| {head} | Why |\n")[2].partition("\n\n")[0]
    return set(re.findall(r"^\| `([^`]+)` \| .{10,} \|$", table, re.M))


def test_the_diagram_of_a_download_is_made_from_the_table() -> None:
    [shown] = re.findall(r"```mermaid\n(.*?)\n```", TEXT, re.S)
    arrows = re.findall(r"^ +(\w+) --> (\w+): (.+)$", shown, re.M)

    assert shown == mermaid(), "paste what tui_dl.domain.lifecycle.mermaid() returns"
    drawn = {(a, event): b for a, b, events in arrows for event in events.split(" / ")}
    assert drawn == {(a.value, e.value): b.value for (a, e), b in TRANSITIONS.items()}


def test_each_dependency_has_its_reason_and_no_other() -> None:
    extras: dict[str, list[str]] = dict(PROJECT["optional-dependencies"])
    development = extras.pop("dev")
    wanted = [*PROJECT["dependencies"], *(name for more in extras.values() for name in more)]

    assert rows("For the program") == names(wanted)
    assert rows("For the tests") == names(development)


def test_links_lead_to_headings() -> None:
    links = set(re.findall(r"\]\(#([^)]+)\)", TEXT))
    headings = {anchor(title) for title in re.findall(r"^##+ (.+)$", TEXT, re.M)}

    assert len(links) > 5
    assert sorted(links - headings) == []


def test_commands_name_modules_that_can_be_run() -> None:
    modules = set(re.findall(r"-m (tests\.[\w.]+)", TEXT))

    assert len(modules) > 3
    for module in modules:
        path = ROOT.joinpath(*module.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


def test_variables_that_make_tests_long_are_read_by_tests() -> None:
    told = set(re.findall(r"\b((?:CRASH|UPDATE)_[A-Z_]+[A-Z])=", TEXT))
    sources = "".join(path.read_text() for path in (ROOT / "tests").glob("*/test_*.py"))

    assert len(told) > 4
    assert sorted(name for name in told if f'environ.get("{name}"' not in sources) == []
