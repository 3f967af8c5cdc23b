"""M2: undeclared ports that change when the pod is replaced."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import FAULT, Finding
from ..model import Application, Workload
from ._check import check
from ._sockets import by_port, declared_keys, listener, owner, seen, share
from ._words import port_text


@check("M2", "dynamic-port", on=Workload, readings={"dynamic": FAULT}, needs_sockets=True)
def dynamic_port(workload: Workload, application: Application) -> Iterator[Finding]:
    """A container listens on a port that is another one after a restart.

    ## What it finds
    `dynamic`: a port that no container of the pod declares and that is open in
    one run of the pods but not in the other; the pods are replaced between the
    two. It is usually port 0, which has the kernel choose one, or a random
    range of the program.

    ## Why it matters
    A port that changes with each start cannot be named in a NetworkPolicy.
    Whoever wants to let its clients in has to open the whole range to them,
    and with it everything else that the pod listens on.

    ## Example
    ```yaml
    containers:
      - name: worker
        image: example.org/worker
        args: ["--listen=:0"]  # the kernel chooses a port
    ```

    ## Instead
    ```yaml
    containers:
      - name: worker
        image: example.org/worker
        args: ["--listen=:7000"]
        ports:
          - name: rpc
            containerPort: 7000
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    first, second = by_port(workload.observed()), by_port(workload.observed_again())
    declared = declared_keys(workload)
    for key in sorted((first.keys() ^ second.keys()) - declared):
        number, protocol = key
        run = first if key in first else second
        when = "before" if key in first else "after"
        socket = owner(run[key])
        yield Finding(
            "dynamic",
            f"{listener(socket)} listened on {port_text(*key)}{share(run[key], workload, run)}"
            f" only {when} the pods were replaced{seen(workload)}: choose a fixed port for it"
            " and declare that",
            at=workload.position("containers:"),
            port=number,
            protocol=protocol,
            container=socket.container or None,
            process=socket.process or None,
        )
