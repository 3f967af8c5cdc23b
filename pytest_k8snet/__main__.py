"""``python -m pytest_k8snet``: the same as ``k8snet``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
