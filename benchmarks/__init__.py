"""Measurements, as ratios against a peer in the same run, or per unit of work. Never tests."""
