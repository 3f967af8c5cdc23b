"""How the analysis of one chart grows with the number of its objects."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from .analysis import STAGES, analyse
from .manifests import write_manifests
from .measure import Cost, middle
from .peers import Material, find_peers
from .table import Bar, print_bars, print_table

_MOST = 6.0  # for five times as many units

_CHART = """\
apiVersion: v2
name: {name}
version: 0.1.0
"""
# Labels as charts have them: some that all units share, one that tells them apart. Ten units
# share a Service and a policy; every hundredth unit has the labels of another one and more.
_TEMPLATE = """\
{{{{- range $number := until {units} }}}}
{{{{- $component := ternary (printf "unit-%d" (div $number 2)) (printf "unit-%d" $number) \
(eq (mod $number 100) 1) }}}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{{{ $.Release.Name }}}}-{{{{ $number }}}}
  labels: &labels
    app.kubernetes.io/name: {name}
    app.kubernetes.io/instance: {{{{ $.Release.Name }}}}
    app.kubernetes.io/component: {{{{ $component }}}}
    group: group-{{{{ div $number 10 }}}}
spec:
  selector:
    matchLabels: *labels
  template:
    metadata:
      labels: *labels
    spec:
      containers:
        - name: server
          image: registry.k8s.io/e2e-test-images/agnhost:2.53
          ports:
            - name: http
              containerPort: 8080
---
apiVersion: v1
kind: Service
metadata:
  name: {{{{ $.Release.Name }}}}-{{{{ $number }}}}
spec:
  selector:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/instance: {{{{ $.Release.Name }}}}
    {{{{- if mod $number 10 }}}}
    app.kubernetes.io/component: {{{{ $component }}}}
    {{{{- else }}}}
    group: group-{{{{ div $number 10 }}}}
    {{{{- end }}}}
  ports:
    - port: 80
      targetPort: http
{{{{- if not (mod $number 10) }}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{{{ $.Release.Name }}}}-{{{{ $number }}}}
spec:
  podSelector:
    matchLabels:
      group: group-{{{{ div $number 20 }}}}
  ingress:
    - ports:
        - port: http
{{{{- end }}}}
{{{{- end }}}}
"""


def write_large_chart(path: Path, units: int) -> Path:
    """Write a chart of so many Deployments and Services, and a tenth as many policies."""
    (path / "templates").mkdir(parents=True)
    (path / "Chart.yaml").write_text(_CHART.format(name=path.name), encoding="utf-8")
    text = _TEMPLATE.format(units=units, name=path.name)
    (path / "templates" / "units.yaml").write_text(text, encoding="utf-8")
    return path


def measure_growth(small: int, large: int, rounds: int) -> None:
    """Measure a chart of ``small`` units and one of ``large`` in turns, and print both.

    Other linters, where they are installed, read the small one.
    """
    stages: dict[int, list[Mapping[str, Cost]]] = {small: [], large: []}
    peers: dict[str, list[Cost]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="k8snet-benchmark-") as name:
        folders = {units: Path(name) / str(units) for units in stages}
        for units, folder in folders.items():
            write_large_chart(folder / "large", units)
        files, _ = write_manifests(folders[small], Path(name) / "manifests")
        material = Material(folders[small], files)
        for _ in range(rounds):
            for units, folder in folders.items():
                stages[units].append(analyse(folder).stages)
            for peer in find_peers():
                for way, cost in peer.measure(material).items():
                    peers[way].append(cost)
    _print_stages(stages)
    print()
    print_bars(_bars(stages[small], stages[large], peers))


def _print_stages(stages: Mapping[int, Sequence[Mapping[str, Cost]]]) -> None:
    print_table(
        ("units", *(f"{stage} s" for stage in STAGES)),
        [
            (units, *(middle([one[stage] for one in rounds]).processor for stage in STAGES))
            for units, rounds in stages.items()
        ],
    )


def _bars(
    small: Sequence[Mapping[str, Cost]],
    large: Sequence[Mapping[str, Cost]],
    peers: Mapping[str, Sequence[Cost]],
) -> Iterator[Bar]:
    """Ratios of processor time, the start of Python left out of our own."""
    ours, more = (
        [sum((one[stage] for stage in STAGES[1:]), Cost()).processor for one in rounds]
        for rounds in (small, large)
    )
    yield Bar("many units / few units, processor time", _ratio(more, ours), _MOST, "")
    for way, costs in peers.items():
        theirs = [cost.processor for cost in costs]
        yield Bar(f"few units / {way}, processor time", _ratio(ours, theirs), 1.0, "")


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return median(our / their for our, their in zip(ours, theirs, strict=True))
