"""The options and ini values: one table, a field of :class:`Settings` each, read once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .chartvalues import ChartValues, chart_values
from .errors import SettingsError
from .model import DEFAULT_RELEASE
from .options import (
    Given,
    Option,
    choice,
    count,
    dns_label,
    expressions,
    file_expressions,
    file_option,
    files,
    one_file,
    option,
    places,
    seconds_option,
    sources,
    words,
)

if TYPE_CHECKING:
    import pytest

DEFAULT_NAMESPACE = "default"
_CLUSTERS = ("none", "kind", "context")
_KIND_NAME = re.compile(r"[a-z0-9.-]+\Z")  # as kind itself takes it
_API_VERSION = re.compile(r"[\w.-]+(?:/[\w.-]+){0,2}\Z", re.ASCII)
_VERSION = re.compile(r"v?\d+\.\d+(?:\.\d+)?(?:[-+][\w.+-]+)?\Z", re.ASCII)


def _kube_version(given: Given) -> str:
    if given.value and not _VERSION.match(given.value):
        raise SettingsError(f"{given.shown}: expected a version of Kubernetes, such as 1.34")
    return str(given.value)


def _api_versions(given: Given) -> tuple[str, ...]:
    found = words(given)
    for word in found:
        if not _API_VERSION.match(word):
            raise SettingsError(f"{given.flag}={word}: expected GROUP/VERSION, such as batch/v1")
    return found


def _cluster(given: Given) -> str:
    kind, colon, name = given.value.partition(":")
    plain = kind != "kind" or _KIND_NAME.match(name)
    if kind not in _CLUSTERS or (colon and not (kind != "none" and name and plain)):
        raise SettingsError(
            f"{given.shown}: expected none, kind, kind:NAME, context or context:NAME"
        )
    return str(given.value)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for; paths are absolute, times are seconds.

    Options, ini values and the tables of the documentation come from these fields,
    in this order.
    """

    root: Path
    charts: tuple[str, ...] = option(
        "--helm-chart",
        "PATH",
        "check this chart: a folder, a .tgz, a folder of charts, or a glob; repeatable",
        read=places,
        many=True,
    )
    manifests: tuple[str, ...] = option(
        "--k8snet-manifests",
        "PATH",
        "check these manifests, which no chart makes: a file, a folder, one with a kustomization,"
        " or - for standard input; repeatable",
        read=sources,
        many=True,
    )
    values_files: tuple[Path, ...] = option(
        "--helm-values",
        "FILE",
        "render with this values file instead of the chart's own sets; repeatable, later ones win",
        read=files,
        many=True,
    )
    sets: tuple[str, ...] = option(
        "--helm-set",
        "KEY=VALUE",
        "set a value, as helm's --set; repeatable",
        read=expressions,
        many=True,
    )
    set_strings: tuple[str, ...] = option(
        "--helm-set-string",
        "KEY=VALUE",
        "set a value that stays a text, as helm's --set-string; repeatable",
        read=expressions,
        many=True,
    )
    set_files: tuple[str, ...] = option(
        "--helm-set-file",
        "KEY=FILE",
        "set a value to the text of a file, as helm's --set-file; repeatable",
        read=file_expressions,
        many=True,
    )
    chart_values: tuple[ChartValues, ...] = option(
        "--k8snet-values",
        "LINE",
        "values files for single charts, a values set a line: chart-glob: file ...",
        read=chart_values,
        many=True,
        ini_only=True,
    )
    kube_version: str = option(
        "--helm-kube-version",
        "VERSION",
        "the version of Kubernetes that charts are rendered for; the Helm SDK's own by default",
        read=_kube_version,
    )
    api_versions: tuple[str, ...] = option(
        "--helm-api-versions",
        "GROUP/VERSION[/KIND]",
        "an API that charts see in the cluster beside Kubernetes's own; repeatable",
        read=_api_versions,
        many=True,
    )
    # Helm's own limit for the name of a release is 53 characters.
    release: str = option(
        "--helm-release-name", "NAME", "the release's name", DEFAULT_RELEASE, read=dns_label(53)
    )
    namespace: str = option(
        "--helm-namespace", "NAME", "the release's namespace", DEFAULT_NAMESPACE, read=dns_label(63)
    )
    helm: str = option(
        "--k8snet-helm",
        "auto|embedded|PATH",
        "render with the embedded Helm SDK or with this helm binary;"
        " auto takes the SDK where it is installed, else helm from PATH",
        "auto",
    )
    dependencies: str = option(
        "--k8snet-dependencies",
        "local|download",
        "download lets Helm fetch dependencies that are nowhere on this disk, what schemas of"
        " values refer to, and charts given as https:// or oci:// references",
        "local",
        read=choice("local", "download"),
    )
    render_timeout: float = seconds_option(
        "--k8snet-render-timeout", "the longest that one chart may render", "60"
    )
    select: tuple[str, ...] = option(
        "--k8snet-select",
        "IDS",
        "run only these checks: ids, id prefixes or names",
        read=words,
        many=True,
    )
    ignore: tuple[str, ...] = option(
        "--k8snet-ignore", "IDS", "leave out these checks", read=words, many=True
    )
    strict: bool = option("--k8snet-strict", "", "a note fails its test, too")
    subcharts: str = option(
        "--k8snet-subcharts",
        "all|own",
        "own leaves out the objects that a subchart's templates make",
        "all",
        read=choice("all", "own"),
    )
    ignore_findings: tuple[str, ...] = option(
        "--k8snet-ignore-findings",
        "LINE",
        "expected findings, one a line: check chart-glob object-glob: reason",
        many=True,
        ini_only=True,
    )
    baseline: Path | None = file_option(
        "--k8snet-baseline", "findings that stand in this file are expected failures"
    )
    write_baseline: Path | None = file_option(
        "--k8snet-write-baseline", "write the present findings to this file"
    )
    reach: Path | None = file_option(
        "--k8snet-reach", "fail where others reach the pods than this file says (R1)"
    )
    write_reach: Path | None = file_option(
        "--k8snet-write-reach", "write who reaches whom, one edge a line, to review"
    )
    with_tests: bool = option(
        "--k8snet-with-tests", "", "collect testpaths as well when no path is given"
    )
    json: Path | None = file_option("--k8snet-json", "write all results as JSON")
    sarif: Path | None = file_option("--k8snet-sarif", "write the findings as SARIF 2.1.0")
    html: Path | None = file_option(
        "--k8snet-html", "write a report with a drawn topology as one HTML page"
    )
    explain: str = option(
        "--k8snet-explain", "ID", "print the page of a check (or of all) and exit", flag_only=True
    )
    cluster: str = option(
        "--k8snet-cluster",
        "none|kind[:NAME]|context[:NAME]",
        "observe the charts in a cluster: kind makes one and deletes it, kind:NAME uses a kept"
        " one, context uses a kubeconfig's",
        "none",
        read=_cluster,
    )
    kind_image: str = option(
        "--k8snet-kind-image",
        "IMAGE",
        "the node image for kind (also K8SNET_KIND_IMAGE)",
        read=lambda given: given.value or os.environ.get("K8SNET_KIND_IMAGE", ""),
    )
    kind_config: Path | None = option(
        "--k8snet-kind-config",
        "FILE",
        "kind's own configuration file for the cluster",
        read=one_file,
    )
    images: tuple[str, ...] = option(
        "--k8snet-image", "NAME|FILE", "load this image into the cluster; repeatable", many=True
    )
    keep_cluster: bool = option(
        "--k8snet-keep-cluster", "", "leave the kind cluster running and say how to delete it"
    )
    timeout: float = seconds_option(
        "--k8snet-timeout", "the longest to wait for a release to be ready", "300"
    )
    watch: float = seconds_option(
        "--k8snet-watch",
        "the least age at which it counts what a pod has open; what opens later is missed",
        "15",
    )
    patience: float = seconds_option(
        "--k8snet-patience",
        "the age of a pod until which a declared port that is not open is waited for",
        "60",
    )
    parallel: int = option(
        "--k8snet-parallel",
        "N",
        "install and observe so many releases at once; four for each processor by default",
        read=lambda given: count(given) or 4 * (os.cpu_count() or 1),
    )
    probe_image: str = option(
        "--k8snet-probe-image",
        "IMAGE",
        "the image that reads /proc in a cluster that is not kind's, and that proves enforcement",
        "registry.k8s.io/e2e-test-images/agnhost:2.53",
    )
    # The ids that select and ignore leave.
    checks: frozenset[str] = field(default_factory=frozenset)

    @property
    def downloads(self) -> bool:
        """Whether Helm may fetch what a chart depends on."""
        return self.dependencies == "download"


_OF_FIELD: Mapping[str, Option] = {
    one.name: one.metadata["option"] for one in fields(Settings) if "option" in one.metadata
}
OPTIONS: tuple[Option, ...] = tuple(_OF_FIELD.values())


def add_options(parser: pytest.Parser) -> None:
    """Register every option and its ini value."""
    group = parser.getgroup("k8snet", "network misconfigurations of Helm charts")
    for one in OPTIONS:
        if not one.flag_only:
            parser.addini(one.ini, one.help, type=one.ini_type, default=None)
        if one.ini_only:
            continue
        text = one.help + (f" (default: {one.default})" if one.default else "")
        if not one.metavar:
            group.addoption(one.flag, action="store_true", default=None, help=text)
            continue
        group.addoption(
            one.flag,
            action="append" if one.many else "store",
            default=None,
            metavar=one.metavar,
            help=text,
        )


# What is checked; without any of these the plugin has nothing to do.
_INPUTS = ("helm_chart", "k8snet_manifests")


def wanted(config: pytest.Config) -> bool:
    """Whether this run is about charts at all; cheap, for every pytest run.

    A worker of pytest-xdist is told so by its controller.
    """
    handed = "k8snet" in getattr(config, "workerinput", ())
    named = (config.getoption(name) or config.getini(name) for name in _INPUTS)
    return handed or any(named)


def _ini_value(config: pytest.Config, one: Option) -> Any:
    """What the ini file says; None where it says nothing.

    :raises SettingsError: a switch is neither on nor off.
    """
    import pytest

    try:
        return config.getini(one.ini)
    except (ValueError, pytest.UsageError) as error:  # the second one since pytest 9
        raise SettingsError(f"{one.ini}: {error}; write true or false") from None


def read_settings(config: pytest.Config) -> Settings:
    """Read and check all options: the command line's, else the ini file's, else the defaults.

    :raises SettingsError: a value cannot be used; says which and what is expected.
    """
    from .selection import chosen_checks, refuse_without_review

    here = config.invocation_params.dir
    ini = config.inipath.parent if config.inipath else config.rootpath
    values = {}
    for name, one in _OF_FIELD.items():
        given, folder = None if one.ini_only else config.getoption(one.ini), here
        if given is None and not one.flag_only:
            given, folder = _ini_value(config, one), ini
        values[name] = one.setting(given, folder)
    _refuse_one_file_twice(values)
    checks = chosen_checks(values["select"], values["ignore"])
    if values["reach"] is None:
        refuse_without_review(checks)
    return Settings(root=config.rootpath, checks=checks, **values)


_WRITTEN = ("write_baseline", "write_reach", "json", "sarif", "html")


def _refuse_one_file_twice(values: Mapping[str, Any]) -> None:
    """Refuse two reports in one file: the second would take the place of the first.

    :raises SettingsError: names both options.
    """
    writes: dict[str, str] = {}
    for name in _WRITTEN:
        path, flag = values[name], _OF_FIELD[name].flag
        # Devices take both, such as /dev/stdout; Path.exists raises for a name that is too long.
        if path is None or (os.path.exists(path) and not os.path.isfile(path)):  # noqa: PTH110, PTH113
            continue
        first = writes.setdefault(os.path.realpath(path), flag)
        if first != flag:
            raise SettingsError(f"{first} and {flag} both write {path}; give each its own file")
