"""Options and ini values, read once into one frozen :class:`Settings`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import SettingsError

if TYPE_CHECKING:
    import pytest

DEFAULT_RELEASE = "release-name"
DEFAULT_NAMESPACE = "default"


class Option(NamedTuple):
    """One command line option and the ini value of the same meaning.

    ``metavar`` is empty for a switch. A ``many`` option can be given several
    times; its ini value has one entry a line.
    """

    flag: str
    metavar: str
    help: str
    default: str = ""
    many: bool = False
    ini_only: bool = False
    flag_only: bool = False

    @property
    def ini(self) -> str:
        """The ini name: ``--k8snet-json`` is ``k8snet_json``."""
        return self.flag.lstrip("-").replace("-", "_")


OPTIONS: tuple[Option, ...] = (
    Option(
        "--helm-chart",
        "PATH",
        "check this chart: a folder, a .tgz, a folder of charts, or a glob; repeatable",
        many=True,
    ),
    Option(
        "--helm-values",
        "FILE",
        "render with this values file instead of the chart's own sets; repeatable, later ones win",
        many=True,
    ),
    Option("--helm-set", "KEY=VALUE", "set a value, as helm's --set; repeatable", many=True),
    Option("--helm-release-name", "NAME", "the release's name", DEFAULT_RELEASE),
    Option("--helm-namespace", "NAME", "the release's namespace", DEFAULT_NAMESPACE),
    Option(
        "--k8snet-helm",
        "auto|embedded|PATH",
        "render with the embedded Helm SDK or with this helm binary;"
        " auto takes the SDK where it is installed, else helm from PATH",
        "auto",
    ),
    Option(
        "--k8snet-dependencies",
        "local|download",
        "download lets Helm fetch dependencies that are nowhere on this disk, and charts given as"
        " https:// or oci:// references",
        "local",
    ),
    Option("--k8snet-render-timeout", "SECONDS", "the longest that one chart may render", "60"),
    Option("--k8snet-select", "IDS", "run only these checks: ids, id prefixes or names", many=True),
    Option("--k8snet-ignore", "IDS", "leave out these checks", many=True),
    Option("--k8snet-strict", "", "a note fails its test, too"),
    Option(
        "--k8snet-subcharts",
        "all|own",
        "own leaves out the objects that a subchart's templates make",
        "all",
    ),
    Option(
        "--k8snet-ignore-findings",
        "LINE",
        "expected findings, one a line: check chart-glob object-glob: reason",
        many=True,
        ini_only=True,
    ),
    Option("--k8snet-baseline", "FILE", "findings that stand in this file are expected failures"),
    Option("--k8snet-write-baseline", "FILE", "write the present findings to this file"),
    Option("--k8snet-write-reach", "FILE", "write who reaches whom, one edge a line, to review"),
    Option("--k8snet-with-tests", "", "collect testpaths as well when no path is given"),
    Option("--k8snet-json", "FILE", "write all results as JSON"),
    Option("--k8snet-sarif", "FILE", "write the findings as SARIF 2.1.0"),
    Option("--k8snet-html", "FILE", "write a report with a drawn topology as one HTML page"),
    Option(
        "--k8snet-explain", "ID", "print the page of a check (or of all) and exit", flag_only=True
    ),
    Option(
        "--k8snet-cluster",
        "none|kind[:NAME]|context[:NAME]",
        "observe the charts in a cluster: kind makes one and deletes it, kind:NAME uses a kept"
        " one, context uses a kubeconfig's",
        "none",
    ),
    Option("--k8snet-kind-image", "IMAGE", "the node image for kind (also K8SNET_KIND_IMAGE)"),
    Option("--k8snet-kind-config", "FILE", "kind's own configuration file for the cluster"),
    Option(
        "--k8snet-image", "NAME|FILE", "load this image into the cluster; repeatable", many=True
    ),
    Option("--k8snet-keep-cluster", "", "leave the kind cluster running and say how to delete it"),
    Option("--k8snet-timeout", "SECONDS", "the longest to wait for a release to be ready", "300"),
    Option(
        "--k8snet-watch",
        "SECONDS",
        "the least age at which it counts what a pod has open; what opens later is missed",
        "15",
    ),
    Option(
        "--k8snet-patience",
        "SECONDS",
        "the age of a pod until which a declared port that is not open is waited for",
        "60",
    ),
    Option(
        "--k8snet-parallel",
        "N",
        "install and observe so many releases at once; four for each processor by default",
    ),
    Option(
        "--k8snet-probe-image",
        "IMAGE",
        "the image that reads /proc in a cluster that is not kind's, and that proves enforcement",
        "registry.k8s.io/e2e-test-images/agnhost:2.53",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for; paths are absolute, numbers are seconds."""

    root: Path
    charts: tuple[str, ...] = ()
    values_files: tuple[Path, ...] = ()
    sets: tuple[str, ...] = ()
    release: str = DEFAULT_RELEASE
    namespace: str = DEFAULT_NAMESPACE
    helm: str = "auto"
    dependencies: str = "local"
    render_timeout: float = 60.0
    checks: frozenset[str] = field(default_factory=frozenset)
    strict: bool = False
    with_tests: bool = False
    subcharts: str = "all"
    ignore_findings: tuple[str, ...] = ()
    baseline: Path | None = None
    write_baseline: Path | None = None
    write_reach: Path | None = None
    json: Path | None = None
    sarif: Path | None = None
    html: Path | None = None
    cluster: str = "none"
    kind_image: str = ""
    kind_config: Path | None = None
    images: tuple[str, ...] = ()
    keep_cluster: bool = False
    timeout: float = 300.0
    watch: float = 15.0
    patience: float = 60.0
    parallel: int = 4
    probe_image: str = ""

    @property
    def downloads(self) -> bool:
        """Whether Helm may fetch what a chart depends on."""
        return self.dependencies == "download"


def add_options(parser: pytest.Parser) -> None:
    """Register every option and its ini value."""
    group = parser.getgroup("k8snet", "network misconfigurations of Helm charts")
    for option in OPTIONS:
        if not option.flag_only:
            parser.addini(option.ini, option.help, type=_ini_type(option), default=None)
        if option.ini_only:
            continue
        text = option.help + (f" (default: {option.default})" if option.default else "")
        if option.many:
            group.addoption(
                option.flag, action="append", default=None, metavar=option.metavar, help=text
            )
        elif option.metavar:
            group.addoption(option.flag, default=None, metavar=option.metavar, help=text)
        else:
            group.addoption(option.flag, action="store_true", default=None, help=text)


def _ini_type(option: Option) -> Any:
    if option.many:
        return "linelist"
    return "string" if option.metavar else "bool"


class _Reader:
    """Looks an option up: on the command line, then in the ini file, then its default."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._here = config.invocation_params.dir
        self._ini = config.inipath.parent if config.inipath else config.rootpath

    def _lookup(self, option: Option) -> tuple[Any, Path]:
        given = None if option.ini_only else self._config.getoption(option.ini)
        if given is not None:
            return given, self._here
        return self._config.getini(option.ini), self._ini

    def text(self, name: str) -> str:
        option = _BY_NAME[name]
        return str(self._lookup(option)[0] or option.default)

    def switch(self, name: str) -> bool:
        return bool(self._lookup(_BY_NAME[name])[0])

    def many(self, name: str) -> tuple[str, ...]:
        return tuple(self._lookup(_BY_NAME[name])[0] or ())

    def words(self, name: str) -> tuple[str, ...]:
        """The entries of a list that may also be separated by commas."""
        return tuple(
            word.strip() for entry in self.many(name) for word in entry.split(",") if word.strip()
        )

    def path(self, name: str) -> Path | None:
        value, base = self._lookup(_BY_NAME[name])
        return base / Path(value).expanduser() if value else None

    def paths(self, name: str) -> tuple[Path, ...]:
        values, base = self._lookup(_BY_NAME[name])
        return tuple(base / Path(value).expanduser() for value in values or ())

    def places(self, name: str) -> tuple[str, ...]:
        """Paths, and addresses as they are."""
        values, base = self._lookup(_BY_NAME[name])
        return tuple(
            value if "://" in value else str(base / Path(value).expanduser())
            for value in values or ()
        )

    def seconds(self, name: str) -> float:
        option = _BY_NAME[name]
        text = self.text(name)
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            msg = f"{option.flag}={text}: expected a number of seconds above 0"
            raise SettingsError(msg)
        return seconds

    def number(self, name: str, default: int) -> int:
        text = self.text(name)
        if text and not (text.isdecimal() and int(text)):
            raise SettingsError(f"{_BY_NAME[name].flag}={text}: expected a whole number above 0")
        return int(text or default)

    def choice(self, name: str, choices: Sequence[str]) -> str:
        option = _BY_NAME[name]
        text = self.text(name)
        if text not in choices:
            msg = f"{option.flag}={text}: expected one of {', '.join(choices)}"
            raise SettingsError(msg)
        return text


_BY_NAME = {option.ini: option for option in OPTIONS}


def wanted(config: pytest.Config) -> bool:
    """Whether this run is about charts at all; cheap, for every pytest run.

    A worker of pytest-xdist is told so by its controller.
    """
    handed = "k8snet" in getattr(config, "workerinput", ())
    return bool(handed or config.getoption("helm_chart") or config.getini("helm_chart"))


def read_settings(config: pytest.Config) -> Settings:
    """Read and check all options.

    :raises SettingsError: a value cannot be used; says which and what is expected.
    """
    read = _Reader(config)
    return Settings(
        root=config.rootpath,
        charts=read.places("helm_chart"),
        values_files=_existing(read.paths("helm_values"), "--helm-values"),
        sets=read.many("helm_set"),
        release=_release_name(read.text("helm_release_name")),
        namespace=_label(read.text("helm_namespace"), "--helm-namespace"),
        helm=read.text("k8snet_helm"),
        dependencies=read.choice("k8snet_dependencies", ("local", "download")),
        render_timeout=read.seconds("k8snet_render_timeout"),
        checks=chosen_checks(read.words("k8snet_select"), read.words("k8snet_ignore")),
        strict=read.switch("k8snet_strict"),
        with_tests=read.switch("k8snet_with_tests"),
        subcharts=read.choice("k8snet_subcharts", ("all", "own")),
        ignore_findings=read.many("k8snet_ignore_findings"),
        baseline=read.path("k8snet_baseline"),
        write_baseline=read.path("k8snet_write_baseline"),
        write_reach=read.path("k8snet_write_reach"),
        json=read.path("k8snet_json"),
        sarif=read.path("k8snet_sarif"),
        html=read.path("k8snet_html"),
        cluster=_cluster(read.text("k8snet_cluster")),
        kind_image=read.text("k8snet_kind_image") or os.environ.get("K8SNET_KIND_IMAGE", ""),
        kind_config=read.path("k8snet_kind_config"),
        images=read.many("k8snet_image"),
        keep_cluster=read.switch("k8snet_keep_cluster"),
        timeout=read.seconds("k8snet_timeout"),
        watch=read.seconds("k8snet_watch"),
        patience=read.seconds("k8snet_patience"),
        parallel=read.number("k8snet_parallel", default=4 * (os.cpu_count() or 1)),
        probe_image=read.text("k8snet_probe_image"),
    )


def chosen_checks(select: Sequence[str], ignore: Sequence[str]) -> frozenset[str]:
    """The ids of the checks to run.

    Words are ids (``M4A``), prefixes of ids (``M4``) or names (``host-network``).

    :raises SettingsError: a word that means no check; lists the known ones.
    """
    from .checks import CHECKS

    def meant(word: str) -> set[str]:
        ids = {
            check.id
            for check in CHECKS
            if check.id.startswith(word.upper())
            or word.lower() in (check.name, check.full_name.lower())
        }
        if not ids:
            known = ", ".join(check.full_name for check in CHECKS)
            raise SettingsError(f"no check is called {word!r}; known are {known}")
        return ids

    chosen: set[str] = set().union(*map(meant, select)) if select else {c.id for c in CHECKS}
    left = frozenset(chosen.difference(*map(meant, ignore)))
    if not left:
        flags = [f"--k8snet-select={','.join(select)}"] if select else []
        flags.append(f"--k8snet-ignore={','.join(ignore)}")
        raise SettingsError(
            f"{' '.join(flags)}: no check is left, so nothing could be found; ignore fewer"
        )
    return left


def _existing(paths: tuple[Path, ...], flag: str) -> tuple[Path, ...]:
    for path in paths:
        if not path.is_file():
            raise SettingsError(f"{flag}={path}: there is no such file")
    return paths


def _cluster(text: str) -> str:
    kind = text.partition(":")[0]
    if kind not in ("none", "kind", "context") or (kind == "none" and text != kind):
        raise SettingsError(
            f"--k8snet-cluster={text}: expected none, kind, kind:NAME, context or context:NAME"
        )
    return text


def _label(text: str, flag: str, longest: int = 63) -> str:
    """A DNS label: what the API server takes as a namespace."""
    plain = text.replace("-", "a")
    fits = (
        0 < len(text) <= longest and plain.isascii() and plain.isalnum() and plain == plain.lower()
    )
    if not fits or text[0] == "-" or text[-1] == "-":
        raise SettingsError(
            f"{flag}={text}: expected up to {longest} of a-z, 0-9 and -, no - at either end"
        )
    return text


def _release_name(text: str) -> str:
    """Helm's own limit: https://helm.sh/docs/chart_best_practices/ names at most 53 long."""
    return _label(text, "--helm-release-name", longest=53)
