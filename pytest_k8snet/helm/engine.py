"""Which Helm renders and installs: the embedded SDK or a binary.

Only described here: both run in processes of their own (:mod:`.child`,
:mod:`.binary`), so this module imports neither.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

from ..errors import HelmMissing

Purpose: TypeAlias = Literal["render", "release"]

AUTO, EMBEDDED = "auto", "embedded"

# Bytes of data that Helm may take to render a chart; large public ones need half of it.
MEMORY = 400 << 20

HOW_TO_GET_ONE = (
    "install the embedded one (pip install 'pytest-k8snet[helm]') or a helm binary"
    " (https://helm.sh/docs/intro/install/) on PATH, or name one: --k8snet-helm=/path/to/helm"
)

# A schema that refers to an address is refused before it is rendered, unless Helm may fetch;
# what that overlooks goes to a proxy that is not there. Go asks no proxy for this machine itself:
# there no request is made where it takes itself for a CGI program, nor where it trusts nobody's
# certificate. https://pkg.go.dev/net/http#ProxyFromEnvironment, https://pkg.go.dev/crypto/x509
_NOWHERE = "http://127.0.0.1:9"
OFFLINE = {"HTTP_PROXY": _NOWHERE, "HTTPS_PROXY": _NOWHERE, "NO_PROXY": ""}
OFFLINE |= {name.lower(): value for name, value in OFFLINE.items()}
OFFLINE |= {"REQUEST_METHOD": "GET", "SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}

# Variables by which the user's shell steers Helm to a cluster, or makes it talk.
_STEERING = ("HELM_KUBE", "HELM_NAMESPACE", "HELM_DEBUG", "HELM_DRIVER")

# The child imports as little as possible: -I -S leaves the user's environment
# and site-packages' start-up code out and saves 20 ms.
_BOOT = (
    "import sys; sys.path += sys.argv[1:3]; from pytest_k8snet.helm.embedded import main; main()"
)


@dataclass(frozen=True, slots=True)
class EmbeddedEngine:
    """The Helm SDK as a shared library.

    :ivar folder: where ``helm_python`` lies.
    :ivar online: whether it may use the network to render.
    """

    folder: Path
    online: bool = False
    name: ClassVar[str] = "embedded Helm 4 SDK"

    def command(self, purpose: Purpose, connection: int) -> list[str]:
        """The program of a :class:`.child.Child`; ``connection`` is a file descriptor."""
        here = Path(__file__).resolve().parents[2]
        # What is installed was rendered before.
        memory = MEMORY if purpose == "render" else 0
        numbers = map(str, (connection, memory, int(self.online)))
        arguments = [str(here), str(self.folder), *numbers]
        return [sys.executable, "-I", "-S", "-c", _BOOT, *arguments]

    def environment(self, purpose: Purpose) -> dict[str, str]:
        """The Go runtime collects less often and on one thread.

        That halves the processor time of a render; the memory limit keeps a
        chart of megabytes from being paid for twice.
        """
        quick = {"GOGC": "400", "GOMAXPROCS": "1", "GOMEMLIMIT": "100MiB"}
        return {**quick, **_own_environment(purpose, online=self.online)}


@dataclass(frozen=True, slots=True)
class BinaryEngine:
    """A ``helm`` program at ``path``; ``online`` as for the SDK."""

    path: Path
    online: bool = False

    @property
    def name(self) -> str:
        """The program's path."""
        return str(self.path)

    def environment(self, purpose: Purpose) -> dict[str, str]:
        """The user's own, as far as it fits the purpose."""
        return {"GOGC": "400", **_own_environment(purpose, online=self.online)}


Engine: TypeAlias = EmbeddedEngine | BinaryEngine


def choose_engine(choice: str = AUTO, *, online: bool = False) -> Engine:
    """The engine for ``auto``, ``embedded`` or the path of a helm binary.

    ``auto`` takes the embedded SDK where it is installed, else ``helm`` on PATH.

    :raises HelmMissing: it is not there; the message names both ways to get one.
    """
    if choice == AUTO:
        found = _embedded() or _binary("helm") or _missing("no Helm found")
    elif choice == EMBEDDED:
        found = _embedded() or _missing("the embedded Helm SDK is not installed")
    else:
        found = _binary(choice) or _missing(f"no program {choice}")
    return replace(found, online=online)


def other_helm(engine: Engine) -> str:
    """What to try where a chart renders for its maintainer and not here; "" if there is nothing."""
    if isinstance(engine, BinaryEngine) or _binary("helm") is None:
        return ""
    return f"rendered by the {engine.name}; the helm on PATH may differ: --k8snet-helm=helm"


def _missing(what: str) -> Engine:
    raise HelmMissing(f"{what}: {HOW_TO_GET_ONE}")


def _embedded() -> Engine | None:
    spec = find_spec("helm_python")  # looks, does not import
    if spec is None or spec.origin is None:
        return None
    return EmbeddedEngine(Path(spec.origin).parent.parent)


def _binary(name: str) -> Engine | None:
    found = shutil.which(os.path.expanduser(name))  # noqa: PTH111 - Path's raises for ~x
    return BinaryEngine(Path(found).absolute()) if found else None


def _own_environment(purpose: Purpose, *, online: bool) -> dict[str, str]:
    """The user's environment without what would lead Helm to another cluster.

    To render it gets no cluster, and no network unless it is to have it.
    """
    own = {key: value for key, value in os.environ.items() if not key.startswith(_STEERING)}
    if purpose != "render":
        return own
    return {**own, **({} if online else OFFLINE), "KUBECONFIG": os.devnull}
