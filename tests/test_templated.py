"""The release's name in what a maintainer pastes into a template."""

from __future__ import annotations

import pytest
import yaml

from pytest_k8snet.templated import templated


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name: web", "name: web"),
        ("name: release-name-web", 'name: "{{ .Release.Name }}-web"'),
        ("host: db.release-name.svc", 'host: "db.{{ .Release.Name }}.svc"'),
        ('text: "a release-name"', 'text: "a {{ .Release.Name }}"'),
        ("release-name: x", '"{{ .Release.Name }}": x'),
        (
            "{app: release-name, b: [release-name]}",
            '{app: "{{ .Release.Name }}", b: ["{{ .Release.Name }}"]}',
        ),
        ("# Deployment/release-name-web\nport: 80", "# Deployment/release-name-web\nport: 80"),
        ("port: 80  # of release-name", "port: 80  # of release-name"),
    ],
)
def test_a_word_with_the_name_becomes_a_quoted_template(text: str, wanted: str) -> None:
    assert templated(text) == wanted
    rendered = templated(text).replace("{{ .Release.Name }}", "release-name")
    assert yaml.safe_load(rendered) == yaml.safe_load(text)


def test_a_release_whose_name_is_a_number_stays_a_text() -> None:
    rendered = templated("app: release-name").replace("{{ .Release.Name }}", "123")
    assert yaml.safe_load(rendered) == {"app": "123"}


def test_a_long_word_is_looked_at_once() -> None:
    """Looked at again from each of its letters it would never come to an end."""
    long = "a" * 1_000_000
    assert templated(f"{long}: release-name") == f'{long}: "{{{{ .Release.Name }}}}"'
