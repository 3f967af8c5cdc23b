"""Render with the embedded Helm SDK. Imported in worker processes only.

The SDK is a Go library in this process: it must never be forked, a chart
handle is changed by rendering, and whatever goes wrong in it takes the process
along. :mod:`.pool` is prepared for that.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import helm_python as helm

from .embedded_values import ValuesError, read_values
from .parts import blanks, definitions, inner, non_blank
from .schema import remote_reference

PROBE = Path(__file__).with_name("probe-chart")


def performer() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What a worker calls with each job."""
    return _Renderer().render


class _Renderer:
    def __init__(self) -> None:
        self._fits: dict[str, tuple[bool, str]] = {}

    def render(self, job: dict[str, Any]) -> dict[str, Any]:
        """Templates and CRDs of a job, or why there are none, as plain data."""
        if refusal := remote_reference(Path(job["path"])):
            return {"error": refusal}
        try:
            helm.validate_release_name(job["release"])
            values = read_values(job["values"], job["sets"])
            with helm.Chart.load(job["path"]) as chart:
                return self._render(chart, values, job)
        except helm.HelmPanicError:
            raise  # the library is not to be trusted any more: end the process
        except (helm.HelmError, ValuesError) as error:
            return {"error": str(error)}

    def _render(
        self, chart: helm.Chart, values: dict[str, Any], job: dict[str, Any]
    ) -> dict[str, Any]:
        metadata = chart.metadata
        if refusal := self._refusal(metadata):
            return {"error": refusal}
        rendered = chart.render(values, name=job["release"], namespace=job["namespace"])
        texts = {inner(path): text for path, text in rendered.items()}
        templates = non_blank(texts)
        blank = blanks(Path(job["path"]), dict(templates), texts)
        answer: dict[str, Any] = {"templates": templates, "blank": blank}
        if job["crds"] and _may_have_crds(Path(job["path"])):
            # Asked after the render: it has taken the disabled subcharts out.
            answer["definitions"] = [
                (inner(crd["filename"]), *entry)
                for crd in chart.crds
                for entry in definitions(crd["data"])
            ]
        return answer

    def _refusal(self, metadata: dict[str, Any]) -> str:
        """Why ``helm template`` would refuse the chart; the SDK renders it all the same."""
        if metadata.get("type") == "library":
            return "library charts are not installable"
        wanted = metadata.get("kubeVersion")
        if not wanted:
            return ""
        if wanted not in self._fits:
            self._fits[wanted] = _fits(wanted)
        fits, version = self._fits[wanted]
        if fits:
            return ""
        return (
            f"chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}"
        )


def _may_have_crds(path: Path) -> bool:
    """Whether it is worth asking: the answer holds megabytes of text."""
    return path.is_file() or any((path / name).is_dir() for name in ("crds", "charts"))


def _fits(constraint: str) -> tuple[bool, str]:
    """Whether Helm's own Kubernetes version meets a constraint, and that version.

    Helm's own comparison, asked for in a template: the SDK has no call for it.
    """
    with helm.Chart.load(PROBE) as probe:
        try:
            texts = probe.render({"constraint": constraint})
        except helm.HelmRenderError:  # not a constraint at all
            texts = {"": "false"}
    fits, _, version = next(iter(texts.values())).strip().partition(" ")
    return fits == "true", version
