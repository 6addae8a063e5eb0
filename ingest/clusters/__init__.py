"""Clusters that are made for a run, described in `conf/cluster/`."""
