"""Helm: find charts, render them, install them. The only package that imports the Helm SDK."""
