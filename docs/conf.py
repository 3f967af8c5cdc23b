"""Sphinx's configuration; ``docs/site.py`` runs it."""
# ruff: noqa: INP001 - loaded by Sphinx from its path

from pytest_k8snet import __version__

project = "pytest-k8snet"
release = __version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = f"pytest-k8snet {release}"
html_copy_source = False
myst_heading_anchors = 3  # as GitHub names them
