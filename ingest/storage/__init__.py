"""Where files are: local trees, the state's objects, locks, remote storages, causes of failure."""
