"""The Kubernetes API as paths and plain dictionaries.

The official client brings what is hard: kubeconfigs, credentials, TLS. Its
class for each object and group is left alone: they take a second to import, in
every worker, and drop the fields that they are too old to know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, urlencode

from ..errors import ClusterError
from ..kinds import Kind, kind_of

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

Object: TypeAlias = dict[str, Any]

_CONNECT, _READ = 5, 60  # seconds
_TRIES = 3
_JSON = "application/json"
_PATCH = "application/strategic-merge-patch+json"

_CORE = "/api/v1"

# Kinds that make no pods: the API group's path, and the kind as paths spell it.
_OTHERS = {
    "Node": (_CORE, "nodes"),
    "Namespace": (_CORE, "namespaces"),
    "CustomResourceDefinition": (
        "/apis/apiextensions.k8s.io/v1",
        "customresourcedefinitions",
    ),
    "Service": (_CORE, "services"),
    "Event": (_CORE, "events"),
    "ServiceAccount": (_CORE, "serviceaccounts"),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies"),
}


class Refused(Exception):
    """The API server answered, and the answer was no.

    :ivar status: the HTTP status.
    :ivar message: the server's own words.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(f"the API server says {status}: {message}")


class Api:
    """One cluster's API. Use it from any thread of the process that made it.

    Every method raises :class:`Refused` where the server says no, and
    :class:`.ClusterError` where it says nothing. Kinds that every cluster has
    may be given by their names; those without namespaces are in the namespace "".
    """

    def __init__(self, kubeconfig: Path) -> None:
        self.client = _connect(kubeconfig)
        self._closed = False
        self._served: dict[str, list[Object]] = {}
        self._preferred: dict[str, str] = {}

    def close(self) -> None:
        """Let go of the connections; whoever still asks is told that it is over."""
        self._closed = True
        self.client.rest_client.pool_manager.clear()

    @property
    def server(self) -> str:
        """The API server's address."""
        return str(self.client.configuration.host)

    def version(self) -> str:
        """The API server's version, ``v1.34.4``."""
        return str(self._call("GET", "/version")["gitVersion"])

    def list_of(self, kind: Kind | str, namespace: str = "", selector: str = "") -> list[Object]:
        """The objects of a kind in a namespace that a label selector takes."""
        listed = self._call("GET", self._path(kind, namespace), labelSelector=selector)
        return listed.get("items") or []

    def get(self, kind: Kind | str, namespace: str, name: str) -> Object | None:
        """One object, None if there is none."""
        return self._found("GET", self._path(kind, namespace, name))

    def create(self, kind: Kind | str, namespace: str, body: Object) -> Object:
        """Create an object; as the server has it."""
        created: Object = self._call("POST", self._path(kind, namespace), body)
        return created

    def dry_run(self, body: Object, namespace: str) -> None:
        """Let the server say whether it would create an object, and create nothing.

        :param namespace: for an object of a namespaced kind that names none.
        """
        version = str(body.get("apiVersion", ""))
        path = f"/apis/{version}" if "/" in version else f"/api/{version}"
        kind = self._served_kind(path, str(body.get("kind", "")))
        if kind["namespaced"]:
            path += f"/namespaces/{quote(body['metadata'].get('namespace') or namespace)}"
        self._call("POST", f"{path}/{kind['name']}", body, dryRun="All")

    def delete(
        self,
        kind: Kind | str,
        namespace: str,
        name: str,
        grace: int | None = None,
        *,
        last: bool = False,
    ) -> None:
        """Delete an object and what it controls, if it is there.

        :param grace: seconds that a pod gets to end by itself; None is its own choice.
        :param last: the object is there until all that it controls is gone.
        """
        body = _deletion("Foreground" if last else "Background", grace)
        self._found("DELETE", self._path(kind, namespace, name), body)

    def delete_all(self, kind: Kind | str, namespace: str, *, grace: int | None = None) -> None:
        """Delete all objects of a kind in a namespace, and leave what they control.

        :param grace: see :meth:`delete`.
        """
        self._call("DELETE", self._path(kind, namespace), _deletion("Orphan", grace))

    def logs(self, namespace: str, pod: str, container: str, **options: str | int) -> str:
        """What a container wrote; "" where there is nothing to be had.

        :param options: those of the API, such as ``tailLines`` and ``previous``.
        """
        path = f"{self._path('Pod', namespace, pod)}/log"
        try:
            data = self._request("GET", path, None, {"container": container, **options})
        except Refused:
            return ""
        return data.decode("utf-8", errors="replace")

    def add_ephemeral(self, namespace: str, pod: str, container: Object) -> None:
        """Add an ephemeral container to a pod that runs."""
        path = f"{self._path('Pod', namespace, pod)}/ephemeralcontainers"
        self._call("PATCH", path, {"spec": {"ephemeralContainers": [container]}})

    def _path(self, kind: Kind | str, namespace: str, name: str = "") -> str:
        group, plural = self._resource(kind)
        inside = f"/namespaces/{quote(namespace)}" if namespace else ""
        return f"{group}{inside}/{plural}" + (f"/{quote(name)}" if name else "")

    def _resource(self, kind: Kind | str) -> tuple[str, str]:
        """The path of a kind's API group, and the kind as paths spell it."""
        if isinstance(kind, str):
            if kind in _OTHERS:
                return _OTHERS[kind]
            kind = kind_of(kind)
        if not kind.plural:
            return self._discovered(kind.group, kind.name)
        return f"/apis/{kind.group}/{kind.version}" if kind.group else _CORE, kind.plural

    def _discovered(self, group: str, name: str) -> tuple[str, str]:
        """What the server says of a kind that the table lacks.

        :raises Refused: it has no such kind.
        """
        if group not in self._preferred:
            served = self._call("GET", f"/apis/{quote(group)}")
            self._preferred[group] = f"/apis/{served['preferredVersion']['groupVersion']}"
        path = self._preferred[group]
        return path, self._served_kind(path, name)["name"]

    def _served_kind(self, path: str, name: str) -> Object:
        """The server's description of a kind of an API group and version.

        :raises Refused: it has no such kind.
        """
        if path not in self._served:
            self._served[path] = (self._found("GET", quote(path)) or {}).get("resources", [])
        for kind in self._served[path]:
            if kind["kind"] == name and "/" not in kind["name"]:
                return kind
        version = path.removeprefix("/apis/").removeprefix("/api/")
        raise Refused(404, f"the cluster has no kind {name} of {version}: its CRD comes first")

    def _found(self, method: str, path: str, body: Object | None = None) -> Object | None:
        try:
            found: Object = self._call(method, path, body)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise
        return found

    def _call(
        self, method: str, path: str, body: Object | None = None, **options: str | int
    ) -> Any:
        return json.loads(self._request(method, path, body, options))

    def _request(
        self, method: str, path: str, body: Object | None, options: Mapping[str, str | int]
    ) -> bytes:
        """Send a request; reads are tried again when the connection breaks."""
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        query = urlencode({key: value for key, value in options.items() if value != ""})
        for left in reversed(range(_TRIES if method == "GET" else 1)):
            if self._closed:
                raise ClusterError("broken off: the run is over")
            try:
                response = self.client.rest_client.pool_manager.request(
                    method,
                    f"{self.server}{path}" + (f"?{query}" if query else ""),
                    headers=self._headers(method),
                    body=None if body is None else json.dumps(body),
                    timeout=Timeout(connect=_CONNECT, read=_READ),
                )
            except (HTTPError, OSError) as error:
                if not left:
                    raise ClusterError(
                        f"the cluster does not answer any more: {error}\n"
                        "Look whether its nodes still run, and start the run again."
                    ) from None
            else:
                data = bytes(response.data)
                if response.status >= 400:
                    raise Refused(response.status, _message(data))
                return data
        raise AssertionError

    def _headers(self, method: str) -> dict[str, str]:
        """What every request says, and who sends it; a token is renewed when it is due."""
        headers = {"Accept": _JSON, "Content-Type": _PATCH if method == "PATCH" else _JSON}
        for setting in self.client.configuration.auth_settings().values():
            headers[setting["key"]] = setting["value"]
        return headers


def names(objects: Iterable[Object]) -> list[str]:
    """The objects' names."""
    return [item["metadata"]["name"] for item in objects]


def _deletion(propagation: str, grace: int | None) -> Object:
    body: Object = {"propagationPolicy": propagation}
    return body if grace is None else {**body, "gracePeriodSeconds": grace}


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data.decode("utf-8", errors="replace")[:200]


def _connect(kubeconfig: Path) -> ApiClient:
    """A client with the settings of the kubeconfig and no others."""
    from kubernetes import client, config

    configuration = client.Configuration()
    configuration.retries = False
    load: Any = config.load_kube_config
    try:
        load(str(kubeconfig), client_configuration=configuration, persist_config=False)
    except config.ConfigException as error:
        raise ClusterError(f"{kubeconfig}: {error}") from None
    return client.ApiClient(configuration)
