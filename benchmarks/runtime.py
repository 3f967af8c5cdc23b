"""What a run in a kind cluster costs, beside Helm's own time; the cluster is there already."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

from pytest_k8snet.runtime.cluster import find_engine
from pytest_k8snet.runtime.pods import read_pod
from pytest_k8snet.runtime.reader import NodeReader

from .kind_cluster import Cluster, kind_cluster
from .measure import REPOSITORY, require, run
from .pod_chart import write_pod_chart
from .table import Bar, print_bars, print_table

EXAMPLES = REPOSITORY / "example-charts"
DEFAULT_CHARTS = tuple(
    sorted(path.parent for path in EXAMPLES.glob("*/Chart.yaml") if path.parent.name != "shop")
)[:8]
PODS_OF_CHART, PODS_OF_LOOK, CHARTS_MORE = 3, 30, 2
Row = tuple[str, float]


def measure_runtime(charts: Sequence[Path], rounds: int) -> None:
    """Measure everything in one cluster and print it; see README.md beside this file."""
    with tempfile.TemporaryDirectory(prefix="k8snet-benchmark-") as name:
        folder = Path(name)
        with kind_cluster(folder) as cluster:
            runs = _Runs(cluster, folder)
            measured = [
                _one_chart(runs, cluster, folder / "charts", rounds),
                _side_by_side(runs, charts, rounds),
                _one_look(cluster, folder / "many", rounds),
            ]
    print_table(("median wall time", "s"), [row for rows, _ in measured for row in rows])
    print()
    print_bars([bar for _, bar in measured])


class _Runs:
    """Whole pytest runs in the cluster."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster, self._folder = cluster, folder
        self._ini = folder / "pytest.ini"
        self._ini.write_text("[pytest]\n", encoding="utf-8")

    def seconds(self, charts: Sequence[Path], *options: str) -> float:
        """The wall time of a run.

        :raises SystemExit: a release was not installed: its time would say nothing.
        """
        file = self._folder / "results.json"
        command = [
            sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider", f"-c{self._ini}",
            f"--rootdir={charts[0].parent}", f"--k8snet-cluster=kind:{self._cluster.name}",
            f"--k8snet-json={file}", *options,
            *(f"--helm-chart={chart}" for chart in charts),
        ]  # fmt: skip
        ended = run(command, charts[0].parent, {"PYTHONPATH": str(REPOSITORY)})
        require(ended, command, (0, 1))
        results = json.loads(file.read_text(encoding="utf-8"))["results"]
        for result in results:
            if result["name"] == "installs" and result["outcome"] != "passed":
                raise SystemExit(f"{result['id']}: {result['outcome']}\n{result['reason']}")
        return ended.cost.wall


def _one_chart(runs: _Runs, cluster: Cluster, folder: Path, rounds: int) -> tuple[list[Row], Bar]:
    """What one more chart costs a run, and two installations of it by Helm alone.

    From runs with one chart and with three: so the start of pytest and what is
    done once for a cluster is left out, and removing the release is counted.
    """
    charts = [
        write_pod_chart(folder / f"web-{number}", PODS_OF_CHART)
        for number in range(1 + CHARTS_MORE)
    ]
    _install(cluster, charts[0], "warm-up")  # whatever has to be pulled is there afterwards
    helm: list[float] = []
    ours: list[float] = []
    for number in range(rounds):
        helm.append(
            sum(_install(cluster, charts[0], f"plain-{number}-{turn}") for turn in range(2))
        )
        ours.append((runs.seconds(charts) - runs.seconds(charts[:1])) / CHARTS_MORE)
    added = median(our - their for our, their in zip(ours, helm, strict=True))
    rows = [
        ("helm install --wait of a three-pod chart, twice", median(helm)),
        ("one more three-pod chart in a run", median(ours)),
    ]
    return rows, Bar("what a run adds to Helm, a three-pod chart", added, 2.0, "s")


def _install(cluster: Cluster, chart: Path, namespace: str) -> float:
    """Seconds until a release is ready; it is removed afterwards."""
    began = time.perf_counter()
    cluster.helm(
        "install", "web", str(chart), "--wait", "--namespace", namespace, "--create-namespace"
    )
    seconds = time.perf_counter() - began
    cluster.helm("uninstall", "web", "--namespace", namespace)
    cluster.remove_namespace(namespace)
    return seconds


def _side_by_side(runs: _Runs, charts: Sequence[Path], rounds: int) -> tuple[list[Row], Bar]:
    """The same charts several at once, and one after the other."""
    single: list[float] = []
    several: list[float] = []
    for _ in range(rounds):
        single.append(runs.seconds(charts, "--k8snet-parallel=1"))
        several.append(runs.seconds(charts))
    ratio = median(many / one for many, one in zip(several, single, strict=True))
    name = f"{len(charts)} charts"
    rows = [(f"{name}, one by one", median(single)), (f"{name}, side by side", median(several))]
    return rows, Bar(f"{name}, side by side / one by one", ratio, 0.5, "")


def _one_look(cluster: Cluster, chart: Path, rounds: int) -> tuple[list[Row], Bar]:
    """One look at thirty pods of one node.

    :raises SystemExit: it did not see the port of each.
    """
    write_pod_chart(chart, PODS_OF_LOOK)
    cluster.helm(
        "install", "many", str(chart), "--wait", "--namespace", "many", "--create-namespace"
    )
    pods = [read_pod(item) for item in cluster.pods("many")]
    engine = find_engine()
    times: list[float] = []
    for _ in range(rounds):
        with closing(NodeReader(engine)) as reader:  # the first look is the dearest
            began = time.perf_counter()
            looks = reader.look(pods)
            times.append(time.perf_counter() - began)
        seen = sum(any(key[2] == 8080 for key in look.keys) for (look,) in looks.values())
        if seen != PODS_OF_LOOK:
            raise SystemExit(f"of {PODS_OF_LOOK} pods {seen} were seen with their port")
    bar = Bar(f"one look at {PODS_OF_LOOK} pods", median(times), 1.0, "s")
    return [(f"one look at {PODS_OF_LOOK} pods", median(times))], bar
