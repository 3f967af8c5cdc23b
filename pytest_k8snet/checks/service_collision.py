"""M4B: Services that send traffic to several units."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ..finding import FAULT, NOTE, Finding
from ..index import selected
from ..matching import targets
from ..model import Application, Service, ServicePort, Workload
from ._check import check
from ._instead import COMPONENT, component, distinguishing, pod_label_lines, service_selector
from ._snippet import for_object
from ._words import listing, port_text, references, subjects

_DOCKER_HUB = re.compile(r"\A(?:(?:index\.)?docker\.io/)?(?:library/(?=[^/]*\Z))?")


@check(
    "M4B",
    "service-collision",
    on=Service,
    readings={
        "misroute": FAULT,
        "mixed": FAULT,
        "portless": FAULT,
        "replicas": NOTE,
        "harmless": NOTE,
    },
)
def service_collision(service: Service, application: Application) -> Iterator[Finding]:
    """A Service selects the pods of several compute units.

    ## What it finds
    All readings need a selector that takes the pods of at least two units.
    `misroute`: a numeric target port is declared by one of them and not by
    another. `mixed`: two of them have the target port, by number or by name, in
    containers of different images; tags and digests do not count, since another
    version is no other program. `portless`: a unit that keeps running lacks the
    named target port that another one has. Its pods get an EndpointSlice
    without that port, and ingress controllers and clients that find pods by DNS
    dial them all the same. `replicas`: those that have the port run the same
    image in the container that has it, so they are shards, zones or roles of
    one program; likewise for a Service without ports. `harmless`: the units
    without the named port are hooks, Jobs or CronJobs, which end.

    ## Why it matters
    A Service that takes pods of several programs sends part of its clients to
    the wrong one. Whoever owns the other pods receives requests, and the
    credentials in them, that were never meant for them.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: shop}  # web declares 8080, worker does not
      ports:
        - port: 80
          targetPort: 8080
    ```

    ## Instead
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: shop, app.kubernetes.io/component: web}
      ports:
        - port: 80
          targetPort: 8080
    ```

    ## References
    - https://arxiv.org/abs/2506.21134
    - https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service
    """
    workloads = selected(service, application)
    if len(workloads) < 2:
        return
    notes: dict[str, dict[str, list[Workload]]] = {"replicas": {}, "harmless": {}}
    for port in service.ports:
        yield from _faults(port, service, workloads, application)
        _note(port, workloads, notes)
    if not service.ports and len({_all_images(workload) for workload in workloads}) == 1:
        notes["replicas"]["without ports"] = list(workloads)
    yield from _notes(service, workloads, notes, application)


def _faults(
    port: ServicePort, service: Service, workloads: Sequence[Workload], application: Application
) -> Iterator[Finding]:
    having, lacking, images = _parted(port, workloads)

    def fault(reading: str, message: str, related: Sequence[Workload]) -> Finding:
        name = application.subject(service.reference)
        text = port_text(port.port, port.protocol)
        return Finding(
            reading,
            f"{name} sends port {text} to {port.target} of {message}",
            at=service.position("selector:"),
            instead=_only(service, having[0], workloads, application),
            port=port.port,
            protocol=port.protocol,
            related=references(related),
        )

    numeric = isinstance(port.target, int)
    lost = lacking if numeric else [workload for workload in lacking if not _passes(workload)]
    if having and lost:
        what = "it is not declared by" if numeric else "no port of that name is in"
        yield fault(
            "misroute" if numeric else "portless",
            f"{subjects(workloads, application)}, and {what} {subjects(lost, application)}",
            workloads,
        )
    if len({images[workload.reference] for workload in having}) > 1:
        shown = listing(sorted({image for one in having for image in images[one.reference]}))
        which = f"{subjects(having, application)}, which are different programs: {shown}"
        yield fault("mixed", which, having)


def _note(
    port: ServicePort, workloads: Sequence[Workload], notes: Mapping[str, dict[str, list[Workload]]]
) -> None:
    """Take the port down under the notes that hold for it."""
    having, lacking, images = _parted(port, workloads)
    text, numeric = port_text(port.port, port.protocol), isinstance(port.target, int)
    same = len({images[workload.reference] for workload in having}) == 1
    if len(having) > 1 and same and not (numeric and lacking):
        notes["replicas"][text] = having
    if having and lacking and not numeric and all(map(_passes, lacking)):
        notes["harmless"][text] = having


def _parted(
    port: ServicePort, workloads: Sequence[Workload]
) -> tuple[list[Workload], list[Workload], dict[object, frozenset[str]]]:
    """The units that have the target port, those that lack it, and the programs that have it."""
    images: dict[object, frozenset[str]] = {
        workload.reference: frozenset(
            repository_of(container.image) for container, _ in targets(port, workload)
        )
        for workload in workloads
    }
    having = [workload for workload in workloads if images[workload.reference]]
    return having, [one for one in workloads if not images[one.reference]], images


def _notes(
    service: Service,
    workloads: Sequence[Workload],
    notes: Mapping[str, Mapping[str, Sequence[Workload]]],
    application: Application,
) -> Iterator[Finding]:
    """One note of a reading, whatever the number of ports."""
    for reading, ports in notes.items():
        if not ports:
            continue
        text = (
            f"{application.subject(service.reference)} ({listing(ports)}) selects"
            f" {subjects(workloads, application)}"
        )
        having = [workload for found in ports.values() for workload in found]
        if reading == "replicas":
            text += ", all with the same image; if one of them is meant, ask for its own label"
            instead = ""
        else:
            text += (
                ", of which those without a port of the name that is asked for end by themselves"
            )
            instead = _only(service, (having or workloads)[0], workloads, application)
        yield Finding(
            reading,
            text,
            at=service.position("selector:"),
            instead=instead,
            related=references(workloads),
        )


def _passes(workload: Workload) -> bool:
    """Whether its pods end by themselves, so that clients meet them for a while at most."""
    return bool(workload.hook) or workload.makes.ends


def _all_images(workload: Workload) -> frozenset[str]:
    return frozenset(
        repository_of(container.image) for container in workload.containers if container.runs
    )


def repository_of(image: str) -> str:
    """An image's name without its tag and digest: ``registry:5000/web``.

    Docker Hub is meant where no registry is named, and its ``library`` where nobody is:
    https://kubernetes.io/docs/concepts/containers/images/#image-names
    """
    name = _DOCKER_HUB.sub("", image.partition("@")[0])
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def _only(
    service: Service, wanted: Workload, workloads: Sequence[Workload], application: Application
) -> str:
    """The Service's selector with a label that only one of the units has."""
    labels = service.selector.labels if service.selector is not None else {}
    rest = [workload for workload in workloads if workload.reference != wanted.reference]
    own = distinguishing(wanted, rest)
    if own:
        return service_selector({**labels, **own})
    added = {COMPONENT: component(wanted, application)}
    return "\n---\n".join(
        (
            for_object(
                application.subject(service.reference), service_selector({**labels, **added})
            ),
            for_object(
                application.subject(wanted.reference),
                "\n".join(pod_label_lines(wanted, {**wanted.pod_labels, **added})),
            ),
        )
    )
