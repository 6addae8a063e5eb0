"""What tests of worker pools share: the laws, a task that does as told, and a simulated pool."""
