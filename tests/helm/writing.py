"""Charts and files for the tests of Helm, written into a folder."""

from __future__ import annotations

import io
import tarfile
import textwrap
from pathlib import Path

WEB = """\
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-web
  namespace: {{ .Release.Namespace }}
spec:
  ports:
    - port: {{ .Values.port }}
"""

# Longer than anybody waits, in little memory.
NEVER_ENDING = "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}"


def write_chart(folder: Path, files: dict[str, str] | None = None) -> Path:
    """A chart called like its folder; ``files`` replace or add to its three files."""
    name = folder.name
    texts = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.2.3\n",
        "values.yaml": "port: 80\n",
        "templates/web.yaml": WEB,
        **(files or {}),
    }
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


def declare(folder: Path, *dependencies: str, version: str = "1.2.3") -> Path:
    """Write a Chart.yaml with these dependencies, each in flow style."""
    lines = [f"apiVersion: v2\nname: {folder.name}\nversion: {version}\ndependencies:"]
    lines += [f"  - {{{dependency}}}" for dependency in dependencies]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Chart.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def pack(chart: Path, archive: Path) -> Path:
    """The chart as ``helm package`` writes it."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as packed:
        for file in sorted(chart.rglob("*")):
            if file.is_file():
                entry = tarfile.TarInfo(f"{chart.name}/{file.relative_to(chart).as_posix()}")
                content = file.read_bytes()
                entry.size = len(content)
                packed.addfile(entry, io.BytesIO(content))
    return archive


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder: its bytes and when it was last written."""
    return {
        str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
