"""Options, lines of the configuration and surroundings that cannot be used, and what is said then.

In ``says`` an ellipsis stands for any words. Each row runs beside :data:`PLACES`; ``WEB`` names the
chart in them.
"""

from __future__ import annotations

from textwrap import dedent
from typing import NamedTuple

import pytest

from plugin.charts import SOUND

from .charts import CHART
from .places import BOMB, Files, Folder, Hole, Link, Packed, Pipe, Program

WEB = "--helm-chart=charts/web"
USAGE = pytest.ExitCode.USAGE_ERROR
FAILED = pytest.ExitCode.TESTS_FAILED
NONE = pytest.ExitCode.NO_TESTS_COLLECTED
OK = pytest.ExitCode.OK

PLACES: Files = {
    "charts/web/Chart.yaml": CHART,
    **{f"charts/web/templates/{name}": dedent(text) for name, text in SOUND.items()},
    "folder": Folder(),
    "pipe": Pipe(),
    "endless": Link("/dev/zero"),
    "broken": Link("/proc/self/mem"),  # cannot be read from its beginning by anybody
    "loop": Link("loop"),
    "large": Hole(1 << 40),
    "words": "just words\n",
    "bytes": b"\xff\xfe\x00",
}


class Row(NamedTuple):
    """What is given, and what comes out."""

    says: str
    given: tuple[str, ...]
    code: int = USAGE
    files: Files = {}  # noqa: RUF012 - never changed
    ini: str = ""
    path: str | None = None
    """The only folder on PATH, where it is another one."""


def each(option: str, *rows: tuple[str, str], code: int = USAGE) -> dict[str, Row]:
    """Rows about the values of one option of a run over the chart."""
    return {
        f"{option}={value[:40]}": Row(f"{option}={says}", (WEB, f"{option}={value}"), code)
        for value, says in rows
    }


def lines(option: str, *rows: tuple[str, str], code: int = USAGE) -> dict[str, Row]:
    """Rows about lines of the configuration."""
    return {
        f"{option} = {value}": Row(says, (WEB,), code, ini=f"{option} = {value}")
        for value, says in rows
    }


UNREADABLE = (
    ("folder", "… folder: cannot be read: this is a folder"),
    ("pipe", "… pipe: cannot be read: this is no regular file"),
    ("endless", "… endless: cannot be read: this is no regular file"),
    ("broken", "… broken: cannot be read: Input/output error"),
    ("loop", "… loop: cannot be read: Too many levels of symbolic links"),
    ("large", "… large: cannot be read: larger than 5 MiB"),
)
NOWHERE = ("nowhere", "… nowhere: there is no such file")
NO_TEXT = ("bytes", "… bytes: cannot be read: not UTF-8: … at byte 0")
LONG = "a" * 300

NO_CHART_YAML = "web.tgz: the archive has no <chart>/Chart.yaml"
EXPECTED = "expected a chart (a folder with Chart.yaml, or a .tgz), a folder of charts"
CHARTS = (
    {
        f"chart: {name}": Row(says, (f"--helm-chart={given}",), files=files)
        for name, given, says, files in (
            ("no path", "", "--helm-chart=: expected a path", {}),
            ("blank path", " ", "--helm-chart=: expected a path", {}),
            ("nowhere", "nowhere", f"nowhere: no such file or folder … {EXPECTED}", {}),
            ("nobody's home", "~nobody-here/x", "~nobody-here/x: no such file or folder", {}),
            ("below a file", "words/web", "words/web: no such file or folder", {}),
            ("a link to itself", "loop", "loop: no such file or folder", {}),
            ("a long name", LONG, f"{LONG}: no such file or folder", {}),
            ("glob of nothing", "none-*", f"none-*: no chart matches … {EXPECTED}", {}),
            (
                "no chart in it",
                "folder",
                "folder: no chart in this folder … --k8snet-manifests=",
                {},
            ),
            ("file of words", "words", "words: this file is no chart … --k8snet-manifests=", {}),
            ("pipe", "pipe", "pipe: this file is no chart", {}),
            ("device", "endless", "endless: this file is no chart", {}),
            (
                "address of a registry",
                "oci://registry.example/web",
                "--k8snet-dependencies=download; or fetch it first: helm pull oci://registry.example",
                {},
            ),
            (
                "Chart.yaml is a pipe",
                "chart",
                "chart/Chart.yaml: this is no regular file",
                {"chart/Chart.yaml": Pipe()},
            ),
            (
                "Chart.yaml is a device",
                "chart",
                "chart/Chart.yaml: a link that leads out of … to /dev/zero",
                {"chart/Chart.yaml": Link("/dev/zero")},
            ),
            (
                "Chart.yaml is a folder",
                "chart",
                "chart: no chart in this folder",
                {"chart/Chart.yaml": Folder()},
            ),
            (
                "commands in the path",
                "x\n::error::y\x1b[2J",
                "x\n\\::error::y\\x1b[2J: no chart matches",
                {},
            ),
        )
    }
    | {
        f"chart: {name}": Row(says, ("--helm-chart=chart",), FAILED, files)
        for name, says, files in (
            (
                "library",
                "chart: a library chart renders nothing by itself; name a chart that depends on it",
                {"chart/Chart.yaml": f"{CHART}type: library\n"},
            ),
        )
    }
    | {
        f"archive: {name}": Row(says, ("--helm-chart=web.tgz",), FAILED, {"web.tgz": Packed(files)})
        for name, says, files in (
            (
                "no chart",
                NO_CHART_YAML,
                {"web/values.yaml": b""},
            ),
            (
                "without a folder",
                NO_CHART_YAML,
                {"Chart.yaml": CHART.encode()},
            ),
            ("Chart.yaml is a link", NO_CHART_YAML, {"web/Chart.yaml": None}),
        )
    }
)

SET = "charts/web: --helm-set"
VALUES = {
    **each("--helm-values", ("", ": expected a path"), NOWHERE, *UNREADABLE),
    **{
        f"--helm-values: {name}": Row(
            f"charts/web: x.yaml: {says}; correct this file",
            (WEB, "--helm-values=x.yaml"),
            FAILED,
            {"x.yaml": text},
        )
        for name, text, says in (
            ("syntax", "a: b: c\n", "mapping values are not allowed in this context"),
            ("list", "- 1\n", "this is a list, and Helm takes a mapping"),
            ("words", "words\n", "this is a string, and Helm takes a mapping"),
            ("alias bomb", BOMB, "document contains excessive aliasing"),
            ("no text", b"\xff\xfe\x00", "not UTF-8: invalid start byte at byte 0"),
        )
    },
    **each(
        "--helm-set", ("word", "word: expected KEY=VALUE, as for helm --set"), ("=1", "=1: expe")
    ),
    **each("--helm-set-string", ("word", "word: expected KEY=VALUE, as for helm --set-string")),
    **each(
        "--helm-set-file",
        ("word", "word: expected KEY=FILE"),
        ("a=", "a=: expected KEY=FILE"),
        ("a=nowhere", "a= … nowhere: there is no such file"),
        ("a=pipe", "a= … pipe: cannot be read: this is no regular file"),
        ("a=large", "a= … large: cannot be read: larger than 5 MiB"),
    ),
    "place that is none": Row(
        f'{SET}=a[x]=1: … "x" is no number', (WEB, "--helm-set=a[x]=1"), FAILED
    ),
    "place too far": Row(
        f"{SET}=a[99999]=1: index of 99999 is", (WEB, "--helm-set=a[99999]=1"), FAILED
    ),
    "list without end": Row(f"{SET}=a={{1: list must", (WEB, "--helm-set=a={1"), FAILED),
    "map in a number": Row(
        f"{SET}=a.b=1: a is something else before it",
        (WEB, "--helm-set=a=1", "--helm-set=a.b=1"),
        FAILED,
    ),
}

SECONDS = "expected a number of seconds above 0"
PLAIN = {
    **each(
        "--helm-kube-version",
        ("new", "new: expected a version of Kubernetes, such as 1.34"),
        ("1", "1: expected a version of Kubernetes"),
    ),
    **each("--helm-api-versions", ("!!", "!!: expected GROUP/VERSION, such as batch/v1")),
    **each("--helm-release-name", ("a_b", "a_b: expected up to 53"), ("a" * 54, "aaa … up to 53")),
    **each("--helm-namespace", ("Prod", "Prod: expected up to 63 of a-z"), ("-a", "-a: … no - at")),
    **each("--k8snet-dependencies", ("maybe", "maybe: expected one of local, download")),
    **each("--k8snet-subcharts", ("none", "none: expected one of all, own")),
    **each("--k8snet-render-timeout", ("soon", f"soon: {SECONDS}"), ("nan", f"nan: {SECONDS}")),
    **each("--k8snet-timeout", ("0", f"0: {SECONDS}")),
    **each("--k8snet-watch", ("-1", f"-1: {SECONDS}")),
    **each("--k8snet-patience", ("inf", f"inf: {SECONDS}")),
    **each("--k8snet-parallel", ("0", "0: expected a whole number above 0"), ("1.5", "1.5: expec")),
    **each(
        "--k8snet-cluster",
        ("minikube", "minikube: expected none, kind, kind:NAME, context or context:NAME"),
        ("none:x", "none:x: expected none"),
        ("kind:", "kind:: expected none"),
        ("kind:My_Name", "kind:My_Name: expected none"),
    ),
    **each("--k8snet-kind-config", NOWHERE, ("pipe", "… pipe: cannot be read: this is no regular")),
    "unknown check": Row(
        "no check is called 'M9'; known are M1-undeclared-port", (WEB, "--k8snet-select=M9")
    ),
    "unknown check left out": Row("no check is called 'no'", (WEB, "--k8snet-ignore=no")),
    "unknown page": Row("--k8snet-explain: no check is called 'M99'", ("--k8snet-explain=M99",)),
    "page of nothing": Row("--k8snet-explain: no check is called ''", ("--k8snet-explain=",)),
    "check without its file": Row(
        "R1-reach compares with a file: --k8snet-reach=FILE", (WEB, "--k8snet-select=R1")
    ),
    "no check left": Row(
        "--k8snet-select=M6 --k8snet-ignore=M6: no check is left, so nothing could be found",
        (WEB, "--k8snet-select=M6", "--k8snet-ignore=M6"),
    ),
    "manifests in a cluster": Row(
        "--k8snet-cluster=kind: manifests are not installed in a cluster: only charts are",
        ("--k8snet-manifests=words", "--k8snet-cluster=kind"),
    ),
    "node id of nothing": Row("not found: … yaml::no", (WEB, "charts/web/Chart.yaml::no")),
    "nothing chosen": Row("not complete: 0 of", (WEB, "-k", "no_such_test"), NONE),
}

FILES_TO_READ = {
    **each("--k8snet-baseline", NOWHERE, *UNREADABLE, NO_TEXT),
    **each("--k8snet-reach", NOWHERE, *UNREADABLE, NO_TEXT),
    **{
        f"{option}: {name}": Row(says, (WEB, f"{option}=x.txt"), files={"x.txt": f"#\n{text}\n"})
        for option, name, text, says in (
            (
                "--k8snet-baseline",
                "words",
                "just words",
                "x.txt:2: expected 'check chart object reading' … found 'just words'",
            ),
            (
                "--k8snet-baseline",
                "unknown part",
                "M6 c D/w none color=red",
                "x.txt:2: 'color=red': expected one each of port=, container=, with=, in=",
            ),
            (
                "--k8snet-baseline",
                "a part twice",
                "M6 c D/w none in=a in=b",
                "x.txt:2: 'in=b': expected one each of",
            ),
            (
                "--k8snet-baseline",
                "a finding twice",
                "M6 c D/w none\nM6-x c D/w none in=ha",
                "x.txt:3: the same finding as line 2; keep one line",
            ),
            (
                "--k8snet-reach",
                "words",
                "just words",
                "x.txt:2: expected a line such as … found 'just words'",
            ),
            ("--k8snet-reach", "no ports", "c [ha]: a -> b:", "x.txt:2: expected a line such as"),
            (
                "--k8snet-reach",
                "no values set",
                "c: a -> b: all",
                "x.txt:2: expected a line such as",
            ),
            (
                "--k8snet-reach",
                "no port",
                "c [ha]: a -> b: TCP 70000",
                "x.txt:2: 'TCP 70000' is no port: write TCP 80",
            ),
            ("--k8snet-reach", "range", "c [ha]: a -> b: TCP 9-1", "x.txt:2: 'TCP 9-1' is no port"),
            (
                "--k8snet-reach",
                "protocol",
                "c [ha]: a -> b: ICMP 1",
                "x.txt:2: 'ICMP 1' is no port",
            ),
            ("--k8snet-reach", "half a list", "c [ha]: a -> b: TCP 1,", "x.txt:2: '' is no port"),
            (
                "--k8snet-reach",
                "another how",
                "c [ha]: a -> b: all (maybe)",
                "x.txt:2: (maybe): expected (plugin), (unknown)",
            ),
            (
                "--k8snet-reach",
                "a pair twice",
                "c [ha]: a -> b: all\nc [ha]: a -> b: TCP 1",
                "x.txt:3: the same pair as in line 2; keep one line",
            ),
        )
    },
}

FILES_TO_WRITE = {
    **{
        name: row
        for option in ("--k8snet-json", "--k8snet-sarif", "--k8snet-html")
        for name, row in each(
            option,
            ("folder", "… folder: cannot be written: Is a directory"),
            ("words/x", "… words/x: cannot be written: … words is no folder"),
        ).items()
    },
    **each(
        "--k8snet-json",
        ("/dev/full", "/dev/full: cannot be written: No space left on device"),
        ("loop", "… loop: cannot be written: Too many levels of symbolic links"),
        (LONG, "… cannot be written: File name too long"),
        ("/proc/none/x", "/proc/none/x: cannot be written: No such file or directory"),
    ),
    **{
        name: row
        for option in ("--k8snet-write-baseline", "--k8snet-write-reach")
        for name, row in each(
            option,
            ("folder", "… folder: cannot be read: this is a folder"),
            ("pipe", "… pipe: cannot be read: this is no regular file"),
            ("words/x", "… words/x: cannot be written: … words is no folder"),
        ).items()
    },
    "report in nobody's home": Row(  # a folder of that name, as a shell takes it
        "1 chart, 1 workload, 1 Service", (WEB, "--k8snet-json=~nobody-here/x.json"), OK
    ),
    "baseline over words": Row(
        "--k8snet-write-baseline: not written over another file: … words:1: expected 'check chart",
        (WEB, "--k8snet-write-baseline=words"),
    ),
    "reach over words": Row(
        "--k8snet-write-reach: not written over another file: … words:1: expected a line such as",
        (WEB, "--k8snet-write-reach=words"),
    ),
    "two reports in one file": Row(
        "--k8snet-json and --k8snet-html both write … same; give each its own file",
        (WEB, "--k8snet-json=same", "--k8snet-html=./same"),
    ),
    "report over the baseline": Row(
        "--k8snet-write-baseline and --k8snet-json both write … same",
        (WEB, "--k8snet-write-baseline=same", "--k8snet-json=same"),
    ),
}

MANIFESTS_EXPECTED = "expected a file of manifests, a folder of them, one with a kustomization"
MANIFESTS = {
    f"manifests: {given[:20] or 'no path'}": Row(
        f"--k8snet-manifests={says}", (f"--k8snet-manifests={given}",)
    )
    for given, says in (
        ("", ": expected a path"),
        ("nowhere", f"… nowhere: there is no such file or folder; {MANIFESTS_EXPECTED}"),
        ("loop", "… loop: there is no such file or folder"),
        (LONG, "… there is no such file or folder"),
        ("folder", f"… folder: no .yaml, .yml, .json file in this folder; {MANIFESTS_EXPECTED}"),
        ("charts/web", "… charts/web: this is a chart; check it with --helm-chart="),
        ("pipe", "… pipe is no regular file"),
        ("endless", "… endless is no regular file"),
    )
} | {
    "manifests: pipe in a folder": Row(
        "--k8snet-manifests= … piped: a.yaml is no regular file",
        ("--k8snet-manifests=piped",),
        files={"piped/a.yaml": Pipe()},
    ),
    "manifests: large": Row("large: larger than 64 MiB", ("--k8snet-manifests=large",), FAILED),
    "manifests: bytes in a folder": Row(
        "some/a.json: not UTF-8: invalid start byte at byte 0",
        ("--k8snet-manifests=some",),
        FAILED,
        {"some/a.json": b"\xff"},
    ),
    "manifests: cannot be read": Row(
        "broken: Input/output error", ("--k8snet-manifests=broken",), FAILED
    ),
    "kustomization without a program": Row(
        "kust: has a kustomization, and neither kustomize nor kubectl is on PATH: install one … "
        "kustomize build kust | pytest",
        ("--k8snet-manifests=kust",),
        FAILED,
        {"kust/kustomization.yaml": "resources: []\n"},
        path="folder",
    ),
}

INI = {
    **lines("helm_values", NOWHERE),
    **lines("k8snet_render_timeout", ("soon", f"--k8snet-render-timeout=soon: {SECONDS}")),
    **lines("k8snet_cluster", ("minikube", "--k8snet-cluster=minikube: expected none, kind")),
    **lines("k8snet_select", ("M99", "no check is called 'M99'")),
    **lines("k8snet_strict", ("maybe", "k8snet_strict: invalid truth value 'maybe'; write true")),
    **lines(
        "k8snet_values",
        ("charts/web", "k8snet_values: 'charts/web': expected 'chart-glob: file ...'"),
        (": words", "k8snet_values: ': words': expected 'chart-glob: file ...'"),
        ("charts/web: 'a", "k8snet_values: … No closing quotation; expected 'chart-glob: file"),
        ("charts/web: nowhere", "k8snet_values: 'charts/web: nowhere': … there is no such file"),
        ("charts/web: pipe", "k8snet_values: 'charts/web: pipe': … this is no regular file"),
        ("charts/web: folder", "k8snet_values: 'charts/web: folder': … this is a folder"),
    ),
    **lines(
        "k8snet_ignore_findings",
        ("M6", "k8snet_ignore_findings: 'M6': expected 'check chart-glob object-glob: reason'"),
        ("M6 * *", "k8snet_ignore_findings: 'M6 * *': expected 'check chart-glob object-glob: rea"),
        ("M6 * *:", "k8snet_ignore_findings: 'M6 * *:': a reason is missing after the colon"),
        ("M99 * *: x", "k8snet_ignore_findings: 'M99 * *: x': no check is called 'M99'"),
    ),
    **lines(
        "k8snet_ignore_findings",
        ("M6 nope *: x", "k8snet_ignore_findings: 'M6 nope *: x' matches nothing in this run"),
        code=OK,
    ),
    **lines(
        "k8snet_values",
        ("charts/other: words", "k8snet_values: 'charts/other: words' names no chart of this run"),
        code=OK,
    ),
}

# Says that it is Helm, and then prints as long as it is let.
ENDLESS_HELM = Program('[ "$1" = version ] && printf v3.22.0 || exec /usr/bin/yes')
INSTALL = "install the embedded one (pip install 'pytest-k8snet[helm]') or a helm binary"
SURROUNDINGS = {
    "no such helm": Row(f"no program /no/helm: {INSTALL}", (WEB, "--k8snet-helm=/no/helm")),
    "helm is a folder": Row(f"no program ./folder: {INSTALL}", (WEB, "--k8snet-helm=./folder")),
    "helm of nobody": Row("no program ~nobody-here/x", (WEB, "--k8snet-helm=~nobody-here/x")),
    "helm says nothing": Row(
        f"/bin/true cannot be used (/bin/true is no Helm of version 3 or later): {INSTALL}",
        (WEB, "--k8snet-helm=/bin/true"),
    ),
    "helm says yes without end": Row(
        f"is no Helm of version 3 or later): {INSTALL}", (WEB, "--k8snet-helm=yes")
    ),
    "helm prints without end": Row(
        "charts/web: Helm prints more than 64 MiB: a template may make a list or a text without",
        (WEB, "--k8snet-helm=./bin/helm"),
        FAILED,
        {"bin/helm": ENDLESS_HELM},
    ),
    "helm pull prints without end": Row(
        "--helm-chart=oci://x.example/web: cannot be fetched: Helm prints more than 64 MiB",
        (
            "--helm-chart=oci://x.example/web",
            "--k8snet-dependencies=download",
            "--k8snet-helm=./bin/helm",
        ),
        files={"bin/helm": ENDLESS_HELM},
    ),
    "kustomize prints without end": Row(
        "kust: kustomize prints more than 64 MiB; build less at once",
        ("--k8snet-manifests=kust",),
        FAILED,
        {
            "kust/kustomization.yaml": "resources: []\n",
            "bin/kustomize": Program("exec /usr/bin/yes"),
        },
        path="bin",
    ),
    "kustomize fails": Row(
        "kust: kustomize cannot build it: no such resource",
        ("--k8snet-manifests=kust",),
        FAILED,
        {
            "kust/kustomization.yaml": "resources: []\n",
            "bin/kustomize": Program(
                "echo \"# Warning: 'bases' is deprecated\" >&2\n"
                "echo 'Error: no such resource' >&2; exit 1"
            ),
        },
        path="bin",
    ),
    "no helm on PATH": Row(
        f"no program helm: {INSTALL}", (WEB, "--k8snet-helm=helm"), path="folder"
    ),
    "no kind": Row(
        "--k8snet-cluster=kind needs the program kind, and it is not on PATH.\nInstall it … "
        "--k8snet-cluster=context:NAME",
        (WEB, "--k8snet-cluster=kind"),
        path="folder",
    ),
}

ROWS = {
    **CHARTS,
    **VALUES,
    **PLAIN,
    **FILES_TO_READ,
    **FILES_TO_WRITE,
    **MANIFESTS,
    **INI,
    **SURROUNDINGS,
}
