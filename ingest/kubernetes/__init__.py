"""Kubernetes: manifests made from a job, and manifests checked before a cluster sees them."""
