"""Bring images into the nodes of a kind cluster: names that the engine has, or archives."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from ..errors import ClusterError
from .cluster import Cluster, has_image
from .command import must_run

_SECONDS = 600


def load_images(
    cluster: Cluster, images: Sequence[str], root: Path, report: Callable[[str], None]
) -> None:
    """Load each image, from an archive where there is such a file.

    :param root: where relative paths count from.
    :raises ClusterError: it is neither a file nor an image that the engine has.
    """
    if images and cluster.kind != "kind":
        raise ClusterError(
            f"--k8snet-image={images[0]}: images can only be loaded into a kind cluster.\n"
            "Push it to a registry that the cluster pulls from, or use --k8snet-cluster=kind"
        )
    for image in images:
        began = monotonic()
        archive = root / image
        if archive.is_file():
            _load_archive(cluster, archive)
        else:
            _load_named(cluster, image)
        report(f"loaded the image {image} ({monotonic() - began:.1f} s)")


def _load_archive(cluster: Cluster, archive: Path) -> None:
    argv = ["kind", "load", "image-archive", str(archive), "--name", cluster.name]
    advice = f"{archive} has to be an archive as `{cluster.engine} save` writes it."
    must_run(argv, advice, timeout=_SECONDS)


def _load_named(cluster: Cluster, image: str) -> None:
    engine = cluster.engine
    if not has_image(engine, image):
        raise ClusterError(
            f"--k8snet-image={image}: there is no such file, and {engine} has no such image.\n"
            f"Build it, or pull it first: {engine} pull {image}"
        )
    advice = f"See whether {image} is whole, and the disk not full."
    if engine == "docker":
        argv = ["kind", "load", "docker-image", image, "--name", cluster.name]
        must_run(argv, advice, timeout=_SECONDS)
        return
    with tempfile.TemporaryDirectory(prefix="k8snet-image-") as folder:
        archive = Path(folder) / "image.tar"
        must_run([engine, "save", "--output", str(archive), image], advice, timeout=_SECONDS)
        _load_archive(cluster, archive)
