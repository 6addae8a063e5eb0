"""Distributed batch ingestion on Ray: one YAML file becomes a published, audited data set."""

__version__ = "0.1.0"
