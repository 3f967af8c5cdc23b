"""A local port that leads to a port of a pod, through the API server."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from typing import Any

from ..errors import K8sNetError
from .api import Api, Object
from .pods import read_pod

_CHUNK = 1 << 16


@contextlib.contextmanager
def forward(api: Api, namespace: str, name: str, port: int) -> Iterator[int]:
    """Open a port of 127.0.0.1 that leads to the pod; its number.

    :param name: of a pod, or of a Service: then ``port`` is the Service's, and
        one of its ready pods is chosen. ``Pod/web`` and ``Service/web`` say which.
    :raises K8sNetError: there is no such object, or no pod is ready.
    """
    pod, target = _resolve(api, namespace, name, port)
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    problems: list[str] = []
    over = threading.Event()

    def carry(client: socket.socket) -> None:
        from kubernetes.client import ApiException

        with client:
            try:
                _carry(api, (namespace, pod, target), client, over)
            except (ApiException, OSError) as error:
                problems.append(f"port {target} of Pod/{pod} cannot be reached: {error}")

    def accept() -> None:
        while not over.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return  # closed: nobody wants the port any more
            thread = threading.Thread(target=carry, args=(client,), daemon=True)
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield int(listener.getsockname()[1])
    except Exception as error:
        if problems:
            raise K8sNetError(problems[0]) from error
        raise
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (acceptor, *threads):
            thread.join(5)


def _carry(
    api: Api, where: tuple[str, str, int], client: socket.socket, over: threading.Event
) -> None:
    """Carry the bytes of one connection to and fro."""
    from kubernetes.client import ApiClient, CoreV1Api
    from kubernetes.stream import portforward

    namespace, pod, port = where
    # The client turns a request into a tunnel by changing itself: each needs one of its own.
    core = CoreV1Api(ApiClient(api.client.configuration))
    tunnel = portforward(
        core.connect_get_namespaced_pod_portforward, pod, namespace, ports=str(port)
    )
    remote = tunnel.socket(port)
    try:
        _pump(client, remote, over)
    finally:
        with contextlib.suppress(OSError):
            remote.close()


def _pump(client: socket.socket, remote: Any, over: threading.Event) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, remote)
        selector.register(remote, selectors.EVENT_READ, client)
        while not over.is_set() and selector.get_map():
            for key, _ in selector.select(0.2):
                source: Any = key.fileobj
                try:
                    data = source.recv(_CHUNK)
                    if data:
                        key.data.sendall(data)
                        continue
                except OSError:
                    return
                # One direction is over; a client that waits for the answer still gets it.
                selector.unregister(source)
                if source is remote:
                    return


def _resolve(api: Api, namespace: str, name: str, port: int) -> tuple[str, int]:
    """The pod's name and its port."""
    kind, _, plain = name.rpartition("/")
    if kind.lower() not in ("", "pod", "service", "svc"):
        raise K8sNetError(f"{name}: expected a pod's or a Service's name, Pod/… or Service/…")
    if kind.lower() in ("", "pod"):
        if api.get("Pod", namespace, plain) is not None:
            return plain, port
        if kind:
            raise K8sNetError(f"there is no {name} in namespace {namespace}")
    service = api.get("Service", namespace, plain)
    if service is None:
        raise K8sNetError(f"there is no pod and no Service {plain} in namespace {namespace}")
    selector = (service["spec"] or {}).get("selector") or {}
    if not selector:
        raise K8sNetError(f"Service/{plain} has no selector, so it leads to no pod")
    wanted = ",".join(f"{key}={value}" for key, value in selector.items())
    for item in api.list_of("Pod", namespace, wanted):
        pod = read_pod(item)
        if pod.ready and not pod.deleting:
            return item["metadata"]["name"], _target_port(service, port, item)
    raise K8sNetError(f"no pod of Service/{plain} is ready")


def _target_port(service: Object, port: int, pod: Object) -> int:
    for entry in service["spec"].get("ports") or []:
        if entry["port"] == port:
            target = entry.get("targetPort") or port
            if isinstance(target, int):
                return target
            for container in pod["spec"]["containers"]:
                for declared in container.get("ports") or []:
                    if declared.get("name") == target:
                        return int(declared["containerPort"])
            raise K8sNetError(
                f"Service/{service['metadata']['name']} port {port} targets {target!r}, and no"
                f" container of Pod/{pod['metadata']['name']} has a port of that name"
            )
    known = ", ".join(str(entry["port"]) for entry in service["spec"].get("ports") or [])
    raise K8sNetError(
        f"Service/{service['metadata']['name']} has no port {port}; it has {known or 'none'}"
    )
