"""pytest-k8snet: network misconfigurations of Helm charts as test failures."""

__version__ = "0.1.0"
