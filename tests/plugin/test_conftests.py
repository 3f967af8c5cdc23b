"""What a project's own conftest.py and pytest's options do to the tests of charts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plugin.charts import NO_POLICY, SOUND

MakeChart = Callable[..., Path]
M6 = "charts/web/Chart.yaml::defaults::Deployment/web::M6-no-network-policy"


@pytest.mark.parametrize("scope", ["function", "class", "module", "package", "session"])
def test_autouse_fixtures_of_every_scope(
    pytester: pytest.Pytester, make_chart: MakeChart, scope: str, workers: str
) -> None:
    make_chart("charts/web", NO_POLICY)
    pytester.makeconftest(
        f"""
        import pytest

        @pytest.fixture(autouse=True, scope={scope!r})
        def _seen(request):
            assert request.config and request.node and request.keywords is not None
            if request.scope in ("function", "class", "module"):
                assert request.module.__name__ == "web"
                assert request.path.name == "Chart.yaml"
            if request.scope == "function":
                assert request.function and request.cls is None and request.instance is None
            yield

        @pytest.fixture(autouse=True)
        def _patched(monkeypatch, tmp_path):
            monkeypatch.setenv("SEEN", str(tmp_path))
        """
    )
    result = pytester.runpytest("--helm-chart=charts", "--k8snet-select=M", workers)
    result.assert_outcomes(passed=10, failed=1, skipped=4)


def test_of_a_fixture_for_everybody_with_parameters_the_first_is_taken(
    pytester: pytest.Pytester, make_chart: MakeChart, workers: str
) -> None:
    make_chart("charts/web", NO_POLICY)
    pytester.makeconftest(
        """
        import pytest

        skipped = pytest.param("other", marks=pytest.mark.skip)

        @pytest.fixture(scope="session", params=[skipped, "first", "second"])
        def backend(request):
            return request.param

        @pytest.fixture(autouse=True, params=[1, 2])
        def _seen(request, backend):
            assert (request.param, backend) == (1, "first")
        """
    )
    result = pytester.runpytest("--helm-chart=charts", "--k8snet-select=M", workers)
    result.assert_outcomes(passed=10, failed=1, skipped=4)


def test_without_a_terminal_it_ends_as_with_one(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/web", NO_POLICY)
    result = pytester.runpytest("--helm-chart=charts", "-p", "no:terminal", "--k8snet-json=a.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "M6-no-network-policy" in Path("a.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("when", ["setup", "call", "teardown"])
def test_what_a_hook_prints_and_logs_belongs_to_the_test(
    pytester: pytest.Pytester, make_chart: MakeChart, when: str, workers: str
) -> None:
    make_chart("charts/web", NO_POLICY)
    pytester.makepyfile(
        **{
            "charts/web/conftest": f"""
            import logging

            def pytest_runtest_{when}(item):
                print("a hook prints", item.name)
                logging.getLogger().warning("a hook logs")
            """,
            # Of a folder without charts: not asked about them.
            "other/conftest": "def pytest_runtest_setup(item): raise ValueError",
            "other/test_empty": "",
        }
    )
    result = pytester.runpytest("--helm-chart=charts", "--k8snet-select=M6", ".", workers)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            f"*- Captured stdout {when} -*",
            "a hook prints M6-no-network-policy",
            f"*- Captured log {when} -*",
            "*a hook logs",
        ]
    )
    result.stdout.no_fnmatch_line("a hook prints renders")


MARKS = {
    "skip": ('pytest.mark.skip(reason="not here")', {"skipped": 5, "passed": 9, "failed": 1}),
    "skipif": (
        'pytest.mark.skipif(True, reason="not here")',
        {"skipped": 5, "passed": 9, "failed": 1},
    ),
    "xfail": ('pytest.mark.xfail(reason="known")', {"xpassed": 1, "passed": 9, "failed": 1}),
    "usefixtures": ('pytest.mark.usefixtures("tmp_path")', {"passed": 10, "failed": 1}),
    "own": ("pytest.mark.slow", {"passed": 10, "failed": 1}),
}


@pytest.mark.parametrize("case", MARKS)
def test_marks_that_are_added_after_collection(
    pytester: pytest.Pytester, make_chart: MakeChart, case: str
) -> None:
    mark, outcomes = MARKS[case]
    make_chart("charts/web", NO_POLICY)
    pytester.makeini("[pytest]\nmarkers = slow: takes long\n")
    pytester.makeconftest(
        f"""
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                assert item.fixturenames is not None and item.function
                if "M7" in item.name:
                    item.add_marker({mark})
        """
    )
    result = pytester.runpytest("--helm-chart=charts", "--k8snet-select=M", "-rs")
    result.assert_outcomes(**{"skipped": 4, **outcomes})
    if "skip" in case:
        result.stdout.fnmatch_lines(["SKIPPED [[]1] charts/web/Chart.yaml: not here"])


@pytest.mark.parametrize("option", ["--fixtures", "--fixtures-per-test", "--setup-plan"])
def test_options_that_run_no_test(
    pytester: pytest.Pytester, make_chart: MakeChart, option: str
) -> None:
    make_chart("charts/web", NO_POLICY)
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(autouse=True)
        def seen_by_all():
            '''What all tests have.'''
        """
    )
    result = pytester.runpytest("--helm-chart=charts", option)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*seen_by_all*"])
    assert "not complete" not in result.stdout.str()


def test_a_pasted_id_runs_alone_in_a_configured_project(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/web", NO_POLICY)
    make_chart("charts/api", SOUND)
    pytester.makeini("[pytest]\nhelm_chart = charts\nk8snet_select = M\n")
    result = pytester.runpytest(M6)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["not complete: 1 of 30 tests ran*"])


def test_a_run_without_any_check_is_an_error(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/web", SOUND)
    result = pytester.runpytest(
        "--helm-chart=charts", "--k8snet-select=M6", "--k8snet-ignore=no-network-policy"
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--k8snet-ignore=no-network-policy: no check is left*"])
