"""Print the lowest version of each dependency that pyproject.toml allows, as pip constraints."""

import re
from pathlib import Path

text = Path("pyproject.toml").read_text(encoding="utf-8")
block = re.search(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
for name, version in re.findall(r'"([\w-]+)>=([\w.]+)"', block):
    print(f"{name}=={version}")
