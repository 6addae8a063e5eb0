"""Measurements that are no race between engines; each prints a line FIGURES for its scenario."""
