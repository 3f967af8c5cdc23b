"""What pytest-k8snet costs, and what it finds in a folder of charts: see README.md here."""
