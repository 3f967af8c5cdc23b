"""What comes back for a chart, from either kind of Helm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helm.conftest import Render
from helm.writing import declare, pack, write_chart
from pytest_k8snet.helm.charts import find_charts
from pytest_k8snet.helm.engine import Engine
from pytest_k8snet.helm.request import KUBE_VERSION, Definition

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations:
    note: names come later
  name: {name}s.example.com
spec:
  group: example.com
  names:
    plural: {name}s
    kind: {kind}
"""


def config(value: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{value: {value}}}\n"


def values_of(rendered_text: str) -> str:
    """What stands in the text behind ``value:``."""
    return rendered_text.partition("value: ")[2].partition("}\n")[0].strip()


def test_release_and_namespace_reach_the_templates(render: Render, tmp_path: Path) -> None:
    chart = write_chart(tmp_path / "web")
    rendered = render(chart, release="blue", namespace="shop")
    ((path, text),) = rendered.templates
    assert path == "templates/web.yaml"
    assert "name: blue-web" in text
    assert "namespace: shop" in text
    assert rendered.error is None
    assert rendered.warnings == ""


def test_an_archive_renders_like_its_folder(render: Render, tmp_path: Path) -> None:
    chart = write_chart(tmp_path / "web")
    packed = pack(chart, tmp_path / "web.tgz")
    assert render(packed).templates == render(chart).templates


def test_subcharts_keep_their_path_and_notes_are_left_out(render: Render, tmp_path: Path) -> None:
    chart = write_chart(tmp_path / "web", {"templates/NOTES.txt": "thank you"})
    write_chart(chart / "charts" / "redis", {"templates/NOTES.txt": "thank you"})
    paths = [path for path, _ in render(chart).templates]
    assert paths == ["charts/redis/templates/web.yaml", "templates/web.yaml"]


def test_hooks_and_tests_are_there(render: Render, tmp_path: Path) -> None:
    hook = config("x").replace("{name: c}", "{name: c, annotations: {helm.sh/hook: test}}")
    chart = write_chart(tmp_path / "web", {"templates/tests/a.yaml": hook})
    assert "templates/tests/a.yaml" in dict(render(chart).templates)


def test_templates_that_render_to_nothing_are_named(render: Render, tmp_path: Path) -> None:
    off = "{{ if .Values.off }}" + config("x") + "{{ end }}"
    chart = write_chart(tmp_path / "web", {"templates/off.yaml": off, "templates/_h.tpl": "x"})
    write_chart(chart / "charts" / "some", {"templates/off.yaml": off})
    write_chart(chart / "charts" / "out", {"templates/web.yaml": off})
    rendered = render(chart)
    assert rendered.blank == ("charts/some/templates/off.yaml", "templates/off.yaml")
    assert "templates/off.yaml" not in dict(rendered.templates)


@pytest.mark.parametrize(
    ("code", "instead"),
    [(".Release.Time.Seconds", "now"), ("$.Capabilities.TillerVersion.SemVer", "HelmVersion")],
)
def test_a_value_of_helm_2_is_called_so(
    render: Render, tmp_path: Path, code: str, instead: str
) -> None:
    chart = write_chart(tmp_path / "web", {"templates/a.yaml": f"a: {{{{ {code} }}}}\n"})
    said = render(chart).error or ""
    assert f"templates/a.yaml:1: {code} is a value of Helm 2, which there is no more" in said
    assert f"{instead} in its place" in said


def test_a_disabled_subchart_gives_nothing(render: Render, tmp_path: Path) -> None:
    chart = write_chart(tmp_path / "web")
    declare(chart, "name: redis, version: 1.2.3, condition: redis.enabled")
    write_chart(chart / "charts" / "redis", {"crds/a.yaml": CRD.format(name="foo", kind="Foo")})
    on = render(chart)
    off = render(chart, sets=("redis.enabled=false",))
    assert [path for path, _ in off.templates] == ["templates/web.yaml"]
    assert (len(on.definitions), off.definitions) == (1, ())
    assert off.blank == ()


def test_custom_resources_are_given_by_name_and_kind(render: Render, tmp_path: Path) -> None:
    two = (
        "---\n" + CRD.format(name="foo", kind="Foo") + "---\n" + CRD.format(name="bar", kind="Bar")
    )
    chart = write_chart(tmp_path / "web", {"crds/all.yaml": two, "crds/README.md": "nothing"})
    write_chart(chart / "charts" / "sub", {"crds/one.yaml": CRD.format(name="baz", kind="'Baz'")})
    rendered = render(chart)
    assert sorted(rendered.definitions) == [
        Definition("charts/sub/crds/one.yaml", "bazs.example.com", "Baz"),
        Definition("crds/all.yaml", "bars.example.com", "Bar"),
        Definition("crds/all.yaml", "foos.example.com", "Foo"),
    ]
    assert all("crds" not in path for path, _ in rendered.templates)
    assert render(chart, crds=False).definitions == ()


def test_the_same_chart_comes_out_the_same_again(render: Render, tmp_path: Path) -> None:
    chart = write_chart(tmp_path / "web")
    write_chart(chart / "charts" / "redis")
    first, again = render(chart, sets=("port=1",)), render(chart)
    assert "port: 1\n" in first.templates[1][1]
    assert "port: 80\n" in again.templates[1][1]


def test_charts_see_one_kubernetes_version(render: Render, tmp_path: Path) -> None:
    chart = write_chart(
        tmp_path / "web", {"templates/v.yaml": config("{{ .Capabilities.KubeVersion.Version }}")}
    )
    assert values_of(dict(render(chart).templates)["templates/v.yaml"]) == f"v{KUBE_VERSION}"


def test_charts_see_the_version_and_the_apis_that_they_are_rendered_for(
    render: Render, tmp_path: Path
) -> None:
    seen = (
        "{{ .Capabilities.KubeVersion.Version }}"
        ' {{ .Capabilities.APIVersions.Has "example.com/v1" }}'
        ' {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" }}'
        ' {{ .Capabilities.APIVersions.Has "apps/v1" }}'
    )
    chart = write_chart(tmp_path / "web", {"templates/v.yaml": config(seen)})
    asked = {
        "kube_version": "1.28.3",
        "api_versions": ("example.com/v1", "monitoring.coreos.com/v1/ServiceMonitor"),
    }
    rendered = values_of(dict(render(chart, **asked).templates)["templates/v.yaml"])
    assert rendered == "v1.28.3 true true true"
    rendered = values_of(dict(render(chart).templates)["templates/v.yaml"])
    assert rendered == f"v{KUBE_VERSION} false false true"


def test_a_chart_for_another_version_of_kubernetes_is_refused(
    render: Render, tmp_path: Path
) -> None:
    chart = write_chart(
        tmp_path / "web",
        {"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\nkubeVersion: '~1.28.0'\n"},
    )
    assert render(chart, kube_version="1.28.9").error is None
    for version in ("1.29.0", KUBE_VERSION):
        error = render(chart, kube_version=version).error or ""
        assert f"~1.28.0 which is incompatible with Kubernetes v{version}" in error


def test_text_that_looks_like_a_source_line_stays_where_it_is(
    render: Render, tmp_path: Path
) -> None:
    text = "# Source: other/templates/x.yaml\n" + config("x")
    chart = write_chart(tmp_path / "web", {"templates/v.yaml": text})
    assert sorted(dict(render(chart).templates)) == ["templates/v.yaml", "templates/web.yaml"]


def test_the_users_environment_changes_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytest_k8snet.helm.renderer import Renderer
    from pytest_k8snet.helm.request import RenderRequest

    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("apiVersion: v1\nkind: Config\n")
    kubeconfig.chmod(0o644)  # helm complains about that
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.setenv("HELM_NAMESPACE", "elsewhere")
    monkeypatch.setenv("HELM_DEBUG", "1")
    with Renderer(engine, processes=1) as renderer:
        (rendered,) = renderer.render([RenderRequest(write_chart(tmp_path / "web"))])
    assert rendered.warnings == ""
    assert "namespace: default" in rendered.templates[0][1]


class TestValues:
    """Files are merged deeply, expressions come last, as on helm's command line."""

    @pytest.fixture
    def chart(self, tmp_path: Path) -> Path:
        return write_chart(
            tmp_path / "web",
            {
                "values.yaml": "port: 80\na: {b: 1, c: [1, 2], d: 3}\n",
                "templates/web.yaml": config("{{ .Values | toJson }}"),
            },
        )

    def values(
        self, render: Render, chart: Path, *texts: str, sets: tuple[str, ...] = ()
    ) -> dict[str, object]:
        files = []
        for number, text in enumerate(texts):
            files.append(chart.parent / f"{number}.yaml")
            files[-1].write_text(text)
        rendered = render(chart, values=tuple(files), sets=sets)
        assert rendered.error is None
        found: dict[str, object] = json.loads(values_of(rendered.templates[0][1]))
        return found

    def test_a_later_file_wins_and_maps_are_merged(self, render: Render, chart: Path) -> None:
        values = self.values(render, chart, "a: {b: 2, c: [3]}", "a: {b: 4}")
        assert values == {"port": 80, "a": {"b": 4, "c": [3], "d": 3}}

    def test_null_takes_a_default_away(self, render: Render, chart: Path) -> None:
        assert self.values(render, chart, "a: {d: null}", "port: null")["a"] == {
            "b": 1,
            "c": [1, 2],
        }

    def test_expressions_come_after_files(self, render: Render, chart: Path) -> None:
        values = self.values(render, chart, "a: {b: 2}", sets=("a.b=x", "a.b=y,port=9"))
        assert values["a"] == {"b": "y", "c": [1, 2], "d": 3}
        assert values["port"] == 9

    def test_an_expression_changes_one_place_of_a_files_list(
        self, render: Render, chart: Path
    ) -> None:
        values = self.values(
            render, chart, "l: [{a: 1, b: 2}, x]", sets=("l[0].a=9", "l[2]=z", "a.c={7}")
        )
        assert values["l"] == [{"a": 9, "b": 2}, "x", "z"]
        assert values["a"] == {"b": 1, "c": [7], "d": 3}

    def test_texts_come_after_expressions_and_stay_texts(self, render: Render, chart: Path) -> None:
        rendered = render(
            chart, sets=("a.c={1,2}", "port=1"), set_strings=("port=007", "a.c[1]=true")
        )
        values = json.loads(values_of(rendered.templates[0][1]))
        assert values == {"port": "007", "a": {"b": 1, "c": [1, "true"], "d": 3}}

    def test_a_value_can_be_what_a_file_says(self, render: Render, chart: Path) -> None:
        file = chart.parent / "it, and.txt"
        file.write_text("port=1,{a}\n")
        escaped = str(file).replace(",", "\\,")
        rendered = render(chart, set_strings=("a.b=x",), set_files=(f"a.b={escaped}",))
        values = json.loads(values_of(rendered.templates[0][1]))
        assert values["a"] == {"b": "port=1,{a}\n", "c": [1, 2], "d": 3}

    def test_an_empty_file_and_a_byte_order_mark_are_no_error(
        self, render: Render, chart: Path
    ) -> None:
        assert self.values(render, chart, "", "\ufeffport: 1\n")["port"] == 1

    def test_a_large_number_in_an_expression_is_right_or_said_to_be_wrong(
        self, render: Render, tmp_path: Path
    ) -> None:
        chart = write_chart(tmp_path / "web", {"templates/web.yaml": config("{{ .Values.size }}")})
        rendered = render(chart, sets=("size=12345678",))
        right = values_of(rendered.templates[0][1]) == "12345678"
        assert right or "--helm-set=size=12345678" in rendered.warnings

    @pytest.mark.parametrize("text", ["a: [", "- 1", "a: b: c"])
    def test_a_file_that_cannot_be_read_is_named(
        self, render: Render, chart: Path, tmp_path: Path, text: str
    ) -> None:
        (tmp_path / "bad.yaml").write_text(text)
        error = render(chart, values=(tmp_path / "bad.yaml",)).error
        assert error is not None
        assert "bad.yaml" in error

    @pytest.mark.parametrize("kind", ["sets", "set_strings", "set_files"])
    def test_an_expression_that_cannot_be_read_is_named(
        self, render: Render, chart: Path, kind: str
    ) -> None:
        (chart / "f").touch()
        error = render(chart, **{kind: (f"a[x]={chart}/f",)}).error
        assert error is not None
        option = {"sets": "set", "set_strings": "set-string", "set_files": "set-file"}[kind]
        assert f"--helm-{option}=a[x]={chart}/f: " in error


def test_a_packed_chart_is_found_and_rendered(render: Render, tmp_path: Path) -> None:
    chart = write_chart(tmp_path / "src" / "web", {"crds/a.yaml": CRD.format(name="a", kind="A")})
    pack(chart, tmp_path / "dist" / "web-1.2.3.tgz")
    (found,) = find_charts(["dist"], tmp_path)
    rendered = render(found.path)
    assert [path for path, _ in rendered.templates] == ["templates/web.yaml"]
    assert rendered.definitions == (Definition("crds/a.yaml", "as.example.com", "A"),)
