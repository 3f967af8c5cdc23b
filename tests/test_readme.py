"""The README says what the code does: its tables, commands, output and JSON."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, NamedTuple

import pytest

from documents import README, ROOT, codes, read, run_as_shown, snippets, table
from pytest_k8snet.checks import CHECKS
from pytest_k8snet.finding import FAULT, NOTE
from pytest_k8snet.settings import OPTIONS

EXAMPLE = "--helm-chart=example-charts/no-network-policy"
COMMANDS = [
    line for text in snippets(README, "sh") for line in text.splitlines() if "-m venv" in line
]


class Run(NamedTuple):
    """What became of the README's first command."""

    exit_code: int
    output: str
    document: dict[str, Any]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The first command's pytest, run as a user runs it."""
    file = tmp_path_factory.mktemp("readme") / "out.json"
    done = run_as_shown(EXAMPLE, f"--k8snet-json={file}")
    return Run(done.returncode, done.stdout, json.loads(read(file)))


def test_the_table_of_checks_is_that_of_the_code() -> None:
    rows = [
        (key, *re.findall(r"\[(.+)\]\((.+)\)", name)[0], finds, codes(fault), codes(note), cluster)
        for key, name, finds, fault, note, cluster in table(README, "checks")
    ]
    assert rows == [
        (
            check.id,
            check.name,
            f"docs/checks/{check.full_name}.md",
            check.summary,
            [reading for reading, level in check.readings.items() if level is FAULT],
            [reading for reading, level in check.readings.items() if level is NOTE],
            "needed" if check.needs_sockets else "used" if check.uses_sockets else "no",
        )
        for check in CHECKS
    ]


def test_a_cluster_counts_where_the_taxonomy_says_so() -> None:
    uses = {row[0]: row[-1] for row in table(README, "checks") if row[-1] != "no"}
    assert uses == {
        **dict.fromkeys(("M2", "M3", "M5A", "R2"), "needed"),
        **dict.fromkeys(("M1", "M5C", "M5D", "M6", "N1"), "used"),
    }


def test_the_table_of_options_is_that_of_the_code() -> None:
    rows = [tuple(row) for row in table(README, "options")]
    assert rows == [
        (
            "-"
            if option.ini_only
            else f"`{option.flag}={option.metavar}`"
            if option.metavar
            else f"`{option.flag}`",
            "-" if option.flag_only else f"`{option.ini}`",
            f"`{option.default}`" if option.default else "-",
            option.help,
        )
        for option in OPTIONS
    ]


def test_pytest_knows_every_option_of_the_table(pytester: pytest.Pytester) -> None:
    shown = pytester.runpytest_subprocess("--help").stdout.str()
    for flag, ini, *_ in table(README, "options"):
        for word in (*codes(flag), *codes(ini)):
            assert re.search(rf"^ *{re.escape(word.partition('=')[0])}\b", shown, re.MULTILINE)


def test_both_commands_for_a_fresh_machine_can_run() -> None:
    assert len(COMMANDS) == 2
    for command in COMMANDS:
        installed = next(word for word in shlex.split(command) if word.startswith(".["))
        for extra in installed[2:-1].split(","):
            assert re.search(rf"^{extra} = \[", read(ROOT / "pyproject.toml"), re.MULTILINE)
    charts = [word for word in shlex.split(COMMANDS[0]) if word.startswith("--helm-chart=")]
    assert charts == [EXAMPLE]
    assert (ROOT / EXAMPLE.partition("=")[2] / "Chart.yaml").is_file()


def test_the_output_is_what_the_first_command_prints(example: Run) -> None:
    _, _, rest = read(README).partition(f"<!-- output of: {EXAMPLE} -->\n```text\n")
    shown = rest.partition("```")[0].splitlines()
    printed = example.output[example.output.index("collected ") :].splitlines()
    assert example.exit_code == 1
    assert list(map(_without_time, shown)) == list(map(_without_time, printed)), (
        f"paste it again: pytest {EXAMPLE}"
    )


def test_the_json_has_the_keys_that_are_described(example: Run) -> None:
    (described,) = (json.loads(text) for text in snippets(ROOT / "docs" / "json.md", "json"))
    real = example.document
    assert list(described) == list(real)
    assert described["schema"] == real["schema"]
    assert list(described["charts"][0]) == list(real["charts"][0])
    failed = next(result for result in real["results"] if result["findings"])
    (result,) = described["results"]
    assert list(result) == list(failed)
    assert list(result["object"]) == list(failed["object"])
    assert list(result["findings"][0]) == list(failed["findings"][0])


def _without_time(line: str) -> str:
    return re.sub(r" in [\d.]+s =+", "", line).strip("= ")
