"""Prometheus: what a run is doing and has done, as numbers; made of its history when asked for."""
