"""Which tests a run collects: charts alone, or beside a user's own tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plugin.charts import BARE, NO_POLICY, RAN, SOUND, WAITING, WEB

MakeChart = Callable[..., Path]
OWN = "def test_own():\n    pass\n"


def test_without_a_path_only_the_charts(
    pytester: pytest.Pytester, make_chart: MakeChart, workers: str
) -> None:
    make_chart("charts/web", SOUND)
    pytester.makepyfile(OWN)
    result = pytester.runpytest("--helm-chart=charts/web", workers)
    result.assert_outcomes(passed=RAN, skipped=WAITING)


def test_with_a_path_the_tests_there_too(
    pytester: pytest.Pytester, make_chart: MakeChart, workers: str
) -> None:
    make_chart("charts/web", SOUND)
    pytester.makepyfile(**{"tests/test_own": OWN})
    result = pytester.runpytest("--helm-chart=charts/web", "tests", workers)
    result.assert_outcomes(passed=RAN + 1, skipped=WAITING)


def test_testpaths_only_when_asked_for(pytester: pytest.Pytester, make_chart: MakeChart) -> None:
    make_chart("charts/web", SOUND)
    pytester.makepyfile(**{"tests/test_own": OWN})
    pytester.makeini("[pytest]\ntestpaths = tests\n")
    plain = pytester.runpytest("--helm-chart=charts/web")
    plain.assert_outcomes(passed=RAN, skipped=WAITING)
    both = pytester.runpytest("--helm-chart=charts/web", "--k8snet-with-tests")
    both.assert_outcomes(passed=RAN + 1, skipped=WAITING)


def test_everything_can_stand_in_the_configuration_file(
    pytester: pytest.Pytester, make_chart: MakeChart, workers: str
) -> None:
    make_chart("charts/web", NO_POLICY)
    pytester.makeini(
        """
        [pytest]
        helm_chart =
            charts/web
        k8snet_ignore = M6
        k8snet_json = out/results.json
        """
    )
    sub = pytester.mkdir("elsewhere")
    pytester.makepyfile(**{"elsewhere/test_own": OWN})
    result = pytester.runpytest(workers)
    result.assert_outcomes(passed=BARE - 1, skipped=WAITING)
    assert (pytester.path / "out/results.json").is_file()
    assert sub.is_dir()


def test_the_users_own_values_are_one_set_named_after_them(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/web", SOUND, **{"ci/x-values.yaml": "{}\n"})
    pytester.path.joinpath("prod.yaml").write_text("target: web\n")
    result = pytester.runpytest(
        "--helm-chart=charts/web", "--helm-values=prod.yaml", "--helm-set=target=http", "-v"
    )
    result.assert_outcomes(passed=RAN, skipped=WAITING)
    result.stdout.fnmatch_lines(["charts/web/Chart.yaml::prod::Service/web::M5B-*"])
    assert "::x::" not in result.stdout.str()
    broken = pytester.runpytest("--helm-chart=charts/web", "--helm-set=target=nowhere")
    broken.assert_outcomes(passed=RAN - 1, failed=1, skipped=WAITING)


def test_single_charts_have_values_of_their_own(
    pytester: pytest.Pytester, make_chart: MakeChart, workers: str
) -> None:
    make_chart("charts/api", SOUND)
    make_chart("charts/web", SOUND, **{"ci/x-values.yaml": "{}\n"})
    make_chart("values", {}, **{"base.yaml": "target: http\n", "a b.yaml": "target: nowhere\n"})
    pytester.makeini(
        """
        [pytest]
        helm_chart = charts
        k8snet_values =
            # two sets of one chart
            charts/w*: values/base.yaml
            charts/web: values/base.yaml 'values/a b.yaml'
            charts/gone: values/base.yaml
        """
    )
    result = pytester.runpytest(workers, "-v")
    result.assert_outcomes(passed=3 * RAN - 1, failed=1, skipped=3 * WAITING)
    seen = {line.split("::")[0:2][-1] for line in result.outlines if "renders" in line}
    result.stdout.fnmatch_lines(
        [
            "k8snet: 2 charts, *",
            "k8snet: k8snet_values: 'charts/gone: values/base.yaml' names no chart of this run",
        ]
    )
    result.stdout.fnmatch_lines(["FAILED charts/web/Chart.yaml::base+a-b::Service/web::M5B-*"])
    assert seen == {"defaults", "base", "base+a-b"}
    own = pytester.runpytest("--helm-chart=charts/web", "--helm-values=values/base.yaml", "-v")
    own.assert_outcomes(passed=RAN, skipped=WAITING)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("charts/web values.yaml", "expected 'chart-glob: file ...'"),
        ("charts/web:", "expected 'chart-glob: file ...'"),
        (": values.yaml", "expected 'chart-glob: file ...'"),
        ("charts/web: 'values.yaml", "No closing quotation; expected 'chart-glob: file ...'"),
        ("charts/web: none.yaml", "none.yaml: there is no such file"),
    ],
)
def test_a_line_of_values_that_is_none_is_a_usage_error(
    pytester: pytest.Pytester, make_chart: MakeChart, line: str, said: str
) -> None:
    make_chart("charts/web", SOUND)
    pytester.makeini(f"[pytest]\nk8snet_values = {line}\n")
    result = pytester.runpytest("--helm-chart=charts/web")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: k8snet_values: *{said}"])


def test_a_path_that_pytest_takes_for_a_test_is_a_usage_error(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/[old]/web", NO_POLICY)
    result = pytester.runpytest("--helm-chart=charts")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*/charts/[[]old[]]/web: pytest takes no path with *rename*"])


def test_what_is_rendered_for_is_said_and_seen(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    asked = (
        '{{ if and (semverCompare "~1.28" .Capabilities.KubeVersion.Version)'
        ' (.Capabilities.APIVersions.Has "example.com/v1") (eq .Values.port "080")'
        ' (eq .Values.note "read,me") }}'
    )
    make_chart("charts/web", {"web.yaml": f"{asked}{WEB}{{{{ end }}}}"})
    (pytester.path / "note,1.txt").write_text("read,me")
    result = pytester.runpytest(
        "--helm-chart=charts/web",
        "--helm-kube-version=1.28",
        "--helm-api-versions=example.com/v1,example.com/v2",
        "--helm-set-string=port=080",
        "--helm-set-file=note=note,1.txt",
        "--k8snet-html=out.html",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED  # it has no policy
    result.stdout.fnmatch_lines(
        ["k8snet: 1 chart, *, for Kubernetes 1.28 with example.com/v1, example.com/v2"]
    )
    page = (pytester.path / "out.html").read_text(encoding="utf-8")
    assert "for Kubernetes 1.28 with example.com/v1" in page
    assert "--helm-set-string=port=..." in page


def test_each_ci_values_file_is_a_set(pytester: pytest.Pytester, make_chart: MakeChart) -> None:
    make_chart("charts/web", SOUND, **{"ci/metrics-values.yaml": "target: nowhere\n"})
    result = pytester.runpytest("--helm-chart=charts/web")
    result.assert_outcomes(passed=2 * RAN - 1, failed=1, skipped=2 * WAITING)
    result.stdout.fnmatch_lines(
        [
            "1 chart, 2 values sets, 2 workloads, 2 Services",
            "M5B-service-undeclared-port * 1 fault in 1 chart with metrics",
            "FAILED charts/web/Chart.yaml::metrics::Service/web::M5B-*",
        ]
    )


def test_what_several_values_sets_show_is_counted_once(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/web", NO_POLICY, **{"ci/other-values.yaml": "{}\n"})
    result = pytester.runpytest("--helm-chart=charts/web")
    result.assert_outcomes(passed=2 * BARE - 2, failed=2, skipped=2 * WAITING)
    result.stdout.fnmatch_lines(["M6-no-network-policy * 1 fault in 1 chart with defaults, other"])


def test_a_packed_chart_is_collected_from_its_archive(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    import tarfile

    folder = make_chart("source/web", NO_POLICY)
    pytester.mkdir("charts")
    with tarfile.open(pytester.path / "charts/web-1.2.3.tgz", "w:gz") as archive:
        archive.add(folder, "web")
    result = pytester.runpytest("--helm-chart=charts/*.tgz", "-n2")
    result.assert_outcomes(passed=BARE - 1, failed=1, skipped=WAITING)
    result.stdout.fnmatch_lines(
        ["FAILED charts/web-1.2.3.tgz::defaults::Deployment/web::M6-no-network-policy*"]
    )


def test_charts_outside_the_root_directory_keep_their_ids_apart(
    pytester: pytest.Pytester, make_chart: MakeChart, workers: str
) -> None:
    make_chart("charts/web", NO_POLICY)
    make_chart("charts/api", NO_POLICY)
    root = pytester.mkdir("root")
    pytester.chdir()
    result = pytester.runpytest("--helm-chart=charts", "--rootdir", str(root), workers, "-k", "M6")
    result.assert_outcomes(failed=2)
    for name in ("api", "web"):
        result.stdout.fnmatch_lines([f"FAILED *../charts/{name}/Chart.yaml::*"])


def test_explain_prints_the_page_of_a_check(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest("--k8snet-explain=M7")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["# M7-host-network", "## What it finds", "## References"])
    unknown = pytester.runpytest("--k8snet-explain=M99")
    assert unknown.ret == pytest.ExitCode.USAGE_ERROR
    unknown.stderr.fnmatch_lines(["*M99*M1-undeclared-port*"])


HEAVY = ("yaml", "kubernetes", "jinja2", "helm_python", "pytest_k8snet.checks")


def test_a_project_without_charts_pays_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
        import sys

        def test_own(request):
            assert request.config.pluginmanager.hasplugin("k8snet")
            assert not [name for name in {HEAVY!r} if name in sys.modules]
        """
    )
    # Hypothesis's plugin brings some of them along.
    result = pytester.runpytest_subprocess("-p", "no:hypothesispytest")
    result.assert_outcomes(passed=1)


def test_a_static_run_needs_neither_kubernetes_nor_jinja2(
    pytester: pytest.Pytester, make_chart: MakeChart
) -> None:
    make_chart("charts/web", SOUND)
    pytester.makeconftest(
        """
        import sys

        def pytest_unconfigure():
            assert not [n for n in ("kubernetes", "jinja2", "helm_python") if n in sys.modules]
            families = ("network_policy", "admin", "cilium", "calico")
            loaded = [n for n in families if f"pytest_k8snet.reach.{n}" in sys.modules]
            assert loaded == ["network_policy"]  # the chart has such policies and no others
        """
    )
    result = pytester.runpytest_subprocess("--helm-chart=charts/web", "-p", "no:hypothesispytest")
    assert result.ret == pytest.ExitCode.OK
