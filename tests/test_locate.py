"""The line of a template that a finding is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_k8snet.locate import line_of
from pytest_k8snet.model import Position

TEMPLATE = """\
{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.fullname" . }}
spec:
  selector: {}
---
kind: HorizontalPodAutoscaler
metadata:
  name: web
spec:
  scaleTargetRef:
    kind: Deployment
    name: web
{{- end }}
---
kind: Service
metadata:
  name: {{ include "web.fullname" . }}
spec:
  selector: {}
---
# the one without an address
kind: "Service"
metadata:
  labels: {}
  name: "{{ include "web.fullname" . }}-headless"  # of the peers
spec:
  selector: {}
  clusterIP: None
"""


@pytest.mark.parametrize(
    ("kind", "name", "key", "line"),
    [
        ("Deployment", "shop-web", "selector:", 7),
        ("Service", "shop-web", "selector:", 22),
        ("Service", "shop-web-headless", "selector:", 30),
        ("Service", "shop-web-headless", "clusterIP:", 31),
        ("Service", "shop-web", "clusterIP:", None),  # another object's
        ("HorizontalPodAutoscaler", "web", "kind:", None),  # twice in it
        ("Ingress", "web", "selector:", None),  # nobody knows in which document
        ("Ingress", "web", "clusterIP:", 31),  # there is no other
    ],
)
def test_a_line_is_one_of_the_document_that_makes_the_object(
    tmp_path: Path, kind: str, name: str, key: str, line: int | None
) -> None:
    (tmp_path / "web.yaml").write_text(TEMPLATE)
    assert line_of(tmp_path, Position("web.yaml", key, kind, name)) == line


def test_documents_that_may_both_be_it_have_no_line(tmp_path: Path) -> None:
    document = "kind: Service\nmetadata:\n  name: {{ .Values.name }}\nspec:\n  selector: {}\n"
    (tmp_path / "web.yaml").write_text(f"{document}---\n{document}")
    assert line_of(tmp_path, Position("web.yaml", "selector:", "Service", "web")) is None


def test_a_name_of_many_actions_is_looked_at_once(tmp_path: Path) -> None:
    """A pattern that goes back at each wildcard would never come to an end."""
    (tmp_path / "web.yaml").write_text(
        f"kind: Service\nmetadata:\n  name: {'{{ a }}x' * 60}\nspec:\n  selector: {{}}\n---\n"
        f"kind: Service\nmetadata:\n  name: {'{{' * 1_000_000}\nspec:\n  selector: {{}}\n"
    )
    position = Position("web.yaml", "selector:", "Service", "x" * 252 + "y")
    assert line_of(tmp_path, position) is None
